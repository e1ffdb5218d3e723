// Shortcuts on and off. Options: {"depth": 10, "steps": 120, "learningRate": 0.1, "seed": 0}.
import { compare, gradients } from "../compare.js";
import { say } from "../kit.js";

const names = [say("without shortcuts", "无快捷连接"), say("with shortcuts", "有快捷连接")];

export default function residual(ui) { compare(ui, { what: "shortcuts", names, view: gradients(names) }); }
