// Batch normalization on and off. Options: {"depth": 10, "steps": 120, "learningRate": 0.1, "seed": 0}.
import { compare, distributions } from "../compare.js";
import { say } from "../kit.js";

const names = [say("without", "无批量规范化"), say("with", "有批量规范化")];

export default function batchnorm(ui) { compare(ui, { what: "batchNorm", names, view: distributions(names) }); }
