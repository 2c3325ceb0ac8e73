// What the browser tests share: Chromium's flags, axe, counting of checks, and asking the Python side for an act.
"use strict";
const fs = require("fs");

const lines = require("readline").createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const count = { passed: 0, failed: 0 };

function check(label, got, want) {
  if (JSON.stringify(got) === JSON.stringify(want)) {
    count.passed++;
    console.log("ok    " + label);
  } else {
    count.failed++;
    console.log(`FAILED ${label}\n      got: ${JSON.stringify(got)}\n     want: ${JSON.stringify(want)}`);
  }
}

// One line for the Python side; goes on when it has done it.
async function ask(words) {
  console.log(words);
  await lines.next();
}

module.exports = { FLAGS, ask, axe, check, count };
