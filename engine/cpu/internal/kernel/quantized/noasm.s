// This file has no code. Where a package has an assembly file, the compiler accepts
// declarations of functions without a body; so the assembly functions can be declared
// once, beside the Go functions that call them, on all architectures. Where there is
// no assembly, the flags of package isa are constants, false, and the compiler drops the calls.
