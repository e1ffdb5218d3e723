// Speed of the book's LeNet in ONNX Runtime, as a JSON line like
// `stride bench --json`. Needs npm's onnxruntime-node and a model made by
// `lenet_pytorch.py --export lenet.onnx`.
//
//   node lenet_onnxruntime.js lenet.onnx [batch] [threads] [seconds]
const ort = require('onnxruntime-node');

async function main() {
  const [model, batch = '256', threads = '2', seconds = '5'] = process.argv.slice(2);
  const n = Number(batch);
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: Number(threads), graphOptimizationLevel: 'all',
  });
  const x = new ort.Tensor('float32', Float32Array.from({length: n * 784}, Math.random), [n, 1, 28, 28]);
  for (let i = 0; i < 5; i++) await session.run({x});
  const times = [];
  const start = performance.now();
  while (performance.now() - start < 1000 * Number(seconds)) {
    const t = performance.now();
    await session.run({x});
    times.push((performance.now() - t) / 1000);
  }
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1];
  console.log(JSON.stringify({
    engine: 'onnxruntime', net: 'lenet', mode: 'infer', batch: n, resolution: 28, threads: Number(threads),
    images_per_second: Math.round(n / median), step_seconds: median,
    best_images_per_second: Math.round(n / times[0]),
  }));
}

main();
