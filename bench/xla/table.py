"""Makes a table of the lines of JSON on standard input that main.go and the Python programs beside it print."""
import json
import sys

results = [json.loads(line) for line in sys.stdin if line.startswith("{")]
print(f"\n{'math':8} {'framework':28} {'images/s':>9} {'of the best other':>18} {'first step':>11} {'loss':>8}")
for math in dict.fromkeys(r["math"] for r in results):
    same = [r for r in results if r["math"] == math]
    # A program may have been run several times; the best run counts.
    best = {}
    for r in same:
        if r["images_per_second"] > best.get(r["framework"], r)["images_per_second"] or r["framework"] not in best:
            best[r["framework"]] = r
    others = [r["images_per_second"] for name, r in best.items() if name != "Stride"]
    for name, r in best.items():
        share = f"{r['images_per_second'] / max(others):.0%}" if name == "Stride" and others else ""
        print(f"{math:8} {name:28} {r['images_per_second']:9.1f} {share:>18} {r['first_step_seconds']:9.1f} s {r['loss']:8.3f}")
print("\n" + ", ".join(dict.fromkeys(r["framework"] + " on " + r["device"] for r in results)))
