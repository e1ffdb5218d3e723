package pjrt

import "unsafe"

// Optimized returns the program as the compiler has left it, and its format: "hlo" is
// a serialized HloModuleProto, "hlo_with_config" a HloModuleProtoWithConfig. It is for people
// who look for what became of an operation. Some plugins have none.
func (e *Executable) Optimized() (code []byte, format string, err error) {
	err = e.code.with(func(ptr uintptr) error {
		p := &program{}
		p.size = unsafe.Sizeof(*p)
		args := &optimizedArgs{executable: ptr, program: p}
		args.size = unsafe.Sizeof(*args)
		// The first call says how long the code is, the second writes it.
		if err := e.client.plugin.invoke(executableOptimizedProgram, unsafe.Pointer(args)); err != nil {
			return err
		}
		format = goString(uintptr(p.format), p.formatSize)
		code = make([]byte, p.codeSize)
		p.code = unsafe.Pointer(unsafe.SliceData(code))
		return e.client.plugin.invoke(executableOptimizedProgram, unsafe.Pointer(args))
	})
	return code, format, err
}
