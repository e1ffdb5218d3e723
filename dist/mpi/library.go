//go:build (linux || darwin) && (amd64 || arm64)

package mpi

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// An abi is what the MPI standard left to the libraries for thirty years: the values
// of the constants that a program passes. In Open MPI most are addresses of symbols.
type abi struct {
	name         string
	world        uintptr // MPI_COMM_WORLD
	char         uintptr // MPI_BYTE
	errorsReturn uintptr // MPI_ERRORS_RETURN
	funneled     uintptr // MPI_THREAD_FUNNELED
}

var (
	// Integers, from MPICH's mpi.h; since version 3.1 shared by its descendants.
	abiMPICH = abi{"MPICH", 0x44000000, 0x4c00010d, 0x54000001, 1}
	// From the chapter on the application binary interface of MPI 5.0.
	abiStandard = abi{"standard", 0x101, 0x247, 0x143, 1024}
)

// The same in all three.
const (
	success        = 0
	maxErrorText   = 512
	maxVersionText = 8192
	statusBytes    = 64 // more than any MPI_Status
)

// A library is a loaded MPI library.
type library struct {
	path    string
	version string // "Open MPI v4.1.4", "MPICH 5.0.2"
	family  family
	abi     abi
	handle  uintptr // of the loader

	initThread, finalize, abort, errorString, commSetErrhandler, commRank, commSize,
	isend, irecv, test, getCount uintptr
}

// openLibrary loads the library that fits the launcher.
func openLibrary(o Options, l launcher) (*library, error) {
	path := o.Library
	if path == "" {
		path = os.Getenv("STRIDE_MPI")
	}
	if path != "" {
		lib, err := load(path)
		if err != nil {
			return nil, fmt.Errorf("cannot use the MPI library that was named: %w", err)
		}
		return lib, nil
	}
	m := thisMachine()
	var tried []string
	for _, path := range m.candidates(l.family) {
		lib, err := load(path)
		switch {
		case err == nil && (l.family == anyFamily || lib.family == l.family):
			return lib, nil
		case err == nil:
			tried = append(tried, fmt.Sprintf("%s is %s", path, lib.version))
		case filepath.IsAbs(path):
			tried = append(tried, err.Error())
		}
	}
	return nil, m.notFound(l, tried)
}

// load opens a library and finds out whose it is.
func load(path string) (*library, error) {
	// Open MPI's plugins look for its symbols among the global ones.
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, err
	}
	lib := &library{path: path, handle: handle}
	var missing []string
	find := func(name string) uintptr {
		address, err := purego.Dlsym(handle, name)
		if err != nil {
			missing = append(missing, name)
		}
		return address
	}
	getVersion := find("MPI_Get_library_version")
	lib.initThread = find("MPI_Init_thread")
	lib.finalize = find("MPI_Finalize")
	lib.abort = find("MPI_Abort")
	lib.errorString = find("MPI_Error_string")
	lib.commSetErrhandler = find("MPI_Comm_set_errhandler")
	lib.commRank = find("MPI_Comm_rank")
	lib.commSize = find("MPI_Comm_size")
	lib.isend = find("MPI_Isend")
	lib.irecv = find("MPI_Irecv")
	lib.test = find("MPI_Test")
	lib.getCount = find("MPI_Get_count")
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s is no MPI library of version 3 or newer: it lacks %s", path, strings.Join(missing, ", "))
	}
	text := make([]byte, maxVersionText)
	var length int32
	if status, _, _ := purego.SyscallN(getVersion, uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&length))); int32(status) != success {
		return nil, fmt.Errorf("%s does not say its version: MPI_Get_library_version returned %d", path, int32(status))
	}
	lib.family, lib.version = parseVersion(cString(text))
	switch world, err := purego.Dlsym(handle, "ompi_mpi_comm_world"); {
	case strings.HasPrefix(filepath.Base(resolve(path)), "libmpi_abi."): // the name that the standard prescribes
		lib.abi = abiStandard
	case err == nil:
		lib.abi = abi{"Open MPI", world, find("ompi_mpi_byte"), find("ompi_mpi_errors_return"), 1}
		if len(missing) > 0 {
			return nil, fmt.Errorf("%s lacks %s", path, strings.Join(missing, ", "))
		}
	case lib.family == mpich:
		lib.abi = abiMPICH
	default:
		return nil, fmt.Errorf("%s is an MPI library of an unknown kind: it calls itself %q", path, lib.version)
	}
	return lib, nil
}

// parseVersion reads what MPI_Get_library_version returns: for people, each in its way.
func parseVersion(text string) (family, string) {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	short, _, _ := strings.Cut(first, ",")
	short = strings.Join(strings.Fields(strings.ReplaceAll(short, "Version:", " ")), " ")
	if len(short) > 80 {
		short = short[:80]
	}
	switch lower := strings.ToLower(first); {
	case strings.HasPrefix(lower, "open mpi"):
		return openMPI, short
	case strings.Contains(lower, "mpich"), strings.Contains(lower, "mvapich"), strings.Contains(lower, "intel(r) mpi"):
		return mpich, short
	}
	return anyFamily, short
}

func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// check turns what a function of MPI returned into an error.
func (l *library) check(function string, status uintptr) error {
	code := int32(status)
	if code == success {
		return nil
	}
	text := make([]byte, maxErrorText)
	var length int32
	if s, _, _ := purego.SyscallN(l.errorString, uintptr(code), uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&length))); int32(s) != success {
		return fmt.Errorf("%s: error %d", function, code)
	}
	return fmt.Errorf("%s: %s", function, strings.TrimSpace(cString(text)))
}

// start initializes MPI. The thread that calls it must make all other calls.
func (l *library) start() error {
	var provided int32
	status, _, _ := purego.SyscallN(l.initThread, 0, 0, l.abi.funneled, uintptr(unsafe.Pointer(&provided)))
	if err := l.check("MPI_Init_thread", status); err != nil {
		return err
	}
	if provided < int32(l.abi.funneled) {
		return errors.New("the MPI library was built for programs of one thread; a Go program has several: it must support MPI_THREAD_FUNNELED")
	}
	status, _, _ = purego.SyscallN(l.commSetErrhandler, l.abi.world, l.abi.errorsReturn)
	return l.check("MPI_Comm_set_errhandler", status)
}

func (l *library) rankAndSize() (rank, size int, err error) {
	var r, s int32
	status, _, _ := purego.SyscallN(l.commRank, l.abi.world, uintptr(unsafe.Pointer(&r)))
	if err := l.check("MPI_Comm_rank", status); err != nil {
		return 0, 0, err
	}
	status, _, _ = purego.SyscallN(l.commSize, l.abi.world, uintptr(unsafe.Pointer(&s)))
	return int(r), int(s), l.check("MPI_Comm_size", status)
}

// A request is an operation under way. MPI_Request is a pointer or an int, and fits.
type request struct {
	handle uintptr
	status [statusBytes / 8]uint64
}

func (l *library) send(b []byte, to, tag int, r *request) error {
	status, _, _ := purego.SyscallN(l.isend, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), l.abi.char,
		uintptr(to), uintptr(tag), l.abi.world, uintptr(unsafe.Pointer(&r.handle)))
	return l.check("MPI_Isend", status)
}

func (l *library) receive(b []byte, from, tag int, r *request) error {
	status, _, _ := purego.SyscallN(l.irecv, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), l.abi.char,
		uintptr(from), uintptr(tag), l.abi.world, uintptr(unsafe.Pointer(&r.handle)))
	return l.check("MPI_Irecv", status)
}

func (l *library) done(r *request) (bool, error) {
	var flag int32
	status, _, _ := purego.SyscallN(l.test, uintptr(unsafe.Pointer(&r.handle)), uintptr(unsafe.Pointer(&flag)), uintptr(unsafe.Pointer(&r.status)))
	return flag != 0, l.check("MPI_Test", status)
}

// received returns the length of a message that has come.
func (l *library) received(r *request) (int, error) {
	var n int32
	status, _, _ := purego.SyscallN(l.getCount, uintptr(unsafe.Pointer(&r.status)), l.abi.char, uintptr(unsafe.Pointer(&n)))
	return int(n), l.check("MPI_Get_count", status)
}

// stop ends MPI; nothing may be called afterwards.
func (l *library) stop() error {
	status, _, _ := purego.SyscallN(l.finalize)
	if err := l.check("MPI_Finalize", status); err != nil {
		return err
	}
	if l.family == mpich {
		// MPICH 5 tells its launcher that this rank has ended well by a function for
		// C's exit, which a Go program does not call; without it the launcher would
		// kill the other ranks. The loader calls it when the library is closed.
		if err := purego.Dlclose(l.handle); err != nil {
			return fmt.Errorf("closing the library after MPI_Finalize: %w", err)
		}
	}
	return nil
}

func (l *library) abortAll(exit int) { _, _, _ = purego.SyscallN(l.abort, l.abi.world, uintptr(exit)) }
