// Choosing a unit by its name.

import { el, field } from "./dom.js";
import { call } from "./link.js";

let units = null;

export async function pickUnit(name) {
  if (!units) units = await call("GET", "/desk/units").then((a) => a.items, () => null);
  const ids = new Map((units || []).map((u) => [u.name, u.id]));
  return {
    fields: (label, required) => [
      field(label, el("input", { name: "unit", list: "unit-list", required, autocomplete: "off", value: name }), "Gõ vài chữ của tên đơn vị rồi chọn."),
      el("datalist", { id: "unit-list" }, [...ids.keys()].map((n) => el("option", { value: n }))),
    ],
    id: (typed) => ids.get(typed.trim()) || typed.trim(),
  };
}
