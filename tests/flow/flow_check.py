#!/usr/bin/env python3
"""loa check: silent about what is right, exact about what is wrong."""
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.environ.get("LOA_ROOT", os.getcwd())
LOA = os.path.join(ROOT, os.environ.get("B", "build"), "loa")
passed = failed = 0


def check(label, good, shown=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {label}\n{shown}")


def run(*args):
    env = {k: v for k, v in os.environ.items() if not k.startswith("LOA_")}
    p = subprocess.run([LOA, "check", *args], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    return p.returncode, p.stdout + p.stderr


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main():
    with tempfile.TemporaryDirectory() as tmp:
        templates = os.path.join(tmp, "templates")
        shutil.copytree(os.path.join(ROOT, "templates"), templates)
        conf = os.path.join(tmp, "loa.conf")
        good = f"[loa]\ntemplates = {templates}\n[zalo]\nenabled = no\n[sms]\nenabled = no\n[email]\nenabled = no\n"
        write(conf, good)

        code, out = run("-c", conf)
        check("what is shipped has no faults", code == 0 and out.startswith("Không có lỗi"), out)
        code, out = run("-c", conf, "--lang=en")
        check("in English too", code == 0 and out.startswith("No faults"), out)
        code, out = run("-c", conf, "--examples")
        check("examples are printed", code == 0 and "── supplement · sms.txt" in out and "Kính gửi Ông/Bà" in out, out[:500])
        code, out = run("--list")
        check("settings are printed", code == 0 and "[zalo]" in out and "listen" in out, out[:500])
        code, out = run("--help")
        check("help", code == 0 and "--examples" in out, out)
        code, out = run("--colour")
        check("wrong usage", code == 2, out)
        code, out = run("-c", os.path.join(tmp, "nowhere.conf"))
        check("no such configuration", code == 1 and "nowhere.conf" in out, out)

        write(conf, good + "colour = red\n")
        code, out = run("-c", conf)
        check("a wrong setting with its line", code == 1 and f"{conf}:9: " in out, out)
        write(conf, good)

        sms = os.path.join(templates, "messages", "ready", "sms.txt")
        with open(sms, encoding="utf-8") as f:
            text = f.read()
        write(sms, text + "{{cod}}\n")
        line = text.count("\n") + 1
        code, out = run("-c", conf)
        check("a wrong text with its line and the nearest name",
              code == 1 and f"{sms}:{line}: " in out and '"code"' in out and "1 lỗi" in out, out)
        write(sms, text)

        plans = os.path.join(templates, "policy", "plans.ini")
        with open(plans, encoding="utf-8") as f:
            text = f.read()
        write(plans, text + "fax = 5m\n")
        line = text.count("\n") + 1
        code, out = run("-c", conf, "--lang=en")
        check("a wrong plan with its line", code == 1 and f"{plans}:{line}: unknown key \"fax\"" in out, out)
        write(plans, text)

        shutil.rmtree(os.path.join(templates, "messages", "apology"))
        code, out = run("-c", conf)
        check("a status without a text", code == 1 and "apology" in out, out)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
