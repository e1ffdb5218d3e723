package pjrt

import (
	"errors"
	"fmt"
	"strings"
)

// ErrClosed is what a method of a closed value returns, wrapped.
var ErrClosed = errors.New("is closed")

// A Code classifies an [Error]. The numbers are PJRT's, which are those of
// https://abseil.io/docs/cpp/guides/status-codes.
type Code int32

// The codes of PJRT_Error_Code.
const (
	OK Code = iota
	Canceled
	Unknown
	InvalidArgument
	DeadlineExceeded
	NotFound
	AlreadyExists
	PermissionDenied
	ResourceExhausted // most often: the device has not enough memory
	FailedPrecondition
	Aborted
	OutOfRange
	Unimplemented
	Internal
	Unavailable
	DataLoss
	Unauthenticated
)

var codeNames = [...]string{
	"ok", "canceled", "unknown", "invalid argument", "deadline exceeded", "not found",
	"already exists", "permission denied", "resource exhausted", "failed precondition",
	"aborted", "out of range", "unimplemented", "internal", "unavailable", "data loss",
	"unauthenticated",
}

// String returns the name of the code in lower case, such as "invalid argument".
func (c Code) String() string {
	if c < 0 || int(c) >= len(codeNames) {
		return fmt.Sprintf("code %d", int32(c))
	}
	return codeNames[c]
}

// An Error is what a plugin answered to a call.
type Error struct {
	Op      string // the function of the API, such as "PJRT_Client_Compile"
	Code    Code
	Message string // the plugin's text
}

func (e *Error) Error() string {
	op := strings.TrimPrefix(e.Op, "PJRT_")
	return fmt.Sprintf("pjrt: %s: %s: %s", op, e.Code, strings.TrimSpace(e.Message))
}

// CodeOf returns the code of the [Error] that err wraps, [OK] if err is nil, and
// [Unknown] for another error.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &e):
		return e.Code
	}
	return Unknown
}

// A MissingError says that a plugin has no function for what was asked, because it
// implements an older version of the API or leaves the function out.
type MissingError struct {
	Plugin   string // the plugin's file
	Version  Version
	Function string // such as "PJRT_Executable_Serialize"
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("pjrt: the plugin %s implements PJRT %s, which has no %s", e.Plugin, e.Version, e.Function)
}

// Unwrap makes errors.Is(err, errors.ErrUnsupported) true.
func (e *MissingError) Unwrap() error { return errors.ErrUnsupported }
