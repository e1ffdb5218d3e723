// Command stride trains convolutional networks, measures them and uses them.
//
//	stride train <net>             train; by default on Fashion-MNIST
//	stride eval <run|model>        accuracy and a report for each class
//	stride predict <run|model> …   the most probable classes of pictures
//	stride serve <run|model> …     predictions over HTTP
//	stride summary <net|run|model> layer by layer: shapes, parameters, multiply-adds, memory
//	stride bench [net…]            speed on this machine
//	stride data list|get|show      datasets
//	stride devices                 the engines
//	stride version                 version, revision, instruction set
//	stride completion <shell>      completion of all this for a shell
//
// stride help <command> says more, with examples. Results go to standard output,
// as JSON with --json; errors and progress go to standard error. The exit
// status is 0 when all is done, 1 when something failed, 2 when the command
// line itself is wrong, and 130 when it was interrupted; docs/cli.md says more.
//
// Each command is a package of internal, named after it: trainverb, evalverb and so on,
// a few lines over the packages that do the work, train, zoo, data, metrics, engine. They
// stand on internal/source, which finds models and data, internal/command, which has
// flags, errors and signals, and internal/terminal, which writes tables and the live line.
// None imports another command.
package main
