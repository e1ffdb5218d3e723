// Package lower turns operations of the intermediate form (package ir) into
// steps (package exec). It has a file for each operator or family of operators,
// under the operator's name. Each file says three things of its operators:
//
//   - the layout rule: in which layouts an operation takes its arguments and makes
//     its result ([Layouts] asks for it in the layout pass);
//   - what its epilogue can do, if it has one ([Ability]);
//   - how it is carried out: the steps with their buffers.
//
// The table of operators.go lists them. To support another operator of package
// graph, add its file and a line of that table; a unary or binary elementwise
// operator needs only a kernel in the tables of unary.go or binary.go.
package lower
