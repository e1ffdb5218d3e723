"""Counts the operator sets of the image networks of the ONNX model zoo.

    git clone --filter=blob:none https://github.com/onnx/models
    python model_zoo.py models > model-zoo.txt  # Apache-2.0

The zoo keeps turnkey_stats.yaml with onnx_ops_counter for each exported network of
Computer_Vision. A network that is there several times, at several opsets, counts once, at
the newest. "cnn" has more convolutions than matrix products, "other" has not, "no-conv" has
no convolution. Each line of the output is a kind, how many networks have exactly these
operators, the name of one of them, and the operators.
"""
import collections, re, subprocess, sys

repo = sys.argv[1]
git = ["git", "-C", repo]
paths = [p for p in subprocess.run(git + ["ls-tree", "-r", "--name-only", "HEAD", "Computer_Vision"], capture_output=True, text=True, check=True).stdout.splitlines() if p.endswith("/turnkey_stats.yaml")]
networks = collections.defaultdict(dict)
with subprocess.Popen(git + ["cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
    for path in paths:
        cat.stdin.write(f"HEAD:{path}\n".encode())
        cat.stdin.flush()
        text = cat.stdout.read(int(cat.stdout.readline().split()[2])).decode()
        cat.stdout.read(1)
        if counter := re.search(r"^onnx_ops_counter:\n((?:  .*\n)*)", text, re.M):
            operators = {k: int(v) for k, v in re.findall(r"^  (\w+): (\d+)", counter[1], re.M)}
            name, opset, source = re.match(r"(.*?)(?:_Opset(\d+)(?:_(.*))?)?$", path.split("/")[1]).groups()
            networks[name, source][int(opset or 0)] = operators
    cat.stdin.close()

sets = collections.defaultdict(list)
for (name, _), versions in sorted(networks.items(), key=str):
    operators = versions[max(versions)]
    convolutions = operators.get("Conv", 0)
    kind = "no-conv" if convolutions == 0 else "cnn" if convolutions > operators.get("MatMul", 0) else "other"
    sets[kind, " ".join(sorted(operators))].append(name)
for (kind, operators), names in sorted(sets.items()):
    print(kind, len(names), names[0], operators)
