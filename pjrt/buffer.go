package pjrt

import (
	"fmt"
	"runtime"
	"unsafe"
)

// A Buffer is an array in the memory of a device.
type Buffer struct {
	client *Client
	h      *handle
	device *Device
	shape  Shape
}

// newBuffer takes ownership of the buffer ptr, whose shape is known.
func (c *Client) newBuffer(ptr uintptr, device *Device, shape Shape) *Buffer {
	b := &Buffer{client: c, h: newHandle(c.plugin, "buffer", bufferDestroy, ptr, c.h), device: device, shape: shape}
	runtime.AddCleanup(b, (*handle).close, b.h)
	return b
}

// BufferOf copies data to a device. Without dims the buffer has one dimension of the
// length of data; for a scalar use [Device.FromHost].
func BufferOf[T Element](device *Device, data []T, dims ...int) (*Buffer, error) {
	if len(dims) == 0 {
		dims = []int{len(data)}
	}
	return device.FromHost(Bytes(data), Shape{Type: TypeOf[T](), Dims: dims})
}

// Bytes is the memory of data.
func Bytes[T Element](data []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), len(data)*int(unsafe.Sizeof(zero)))
}

// FromHost makes a buffer on the device from data, which has the elements of the shape
// in row-major order and the machine's byte order. data may be changed when FromHost
// has returned, while the device may still be receiving what it was: an execution with the
// buffer waits for that.
func (d *Device) FromHost(data []byte, shape Shape) (*Buffer, error) {
	b, done, err := d.fromHost(data, shape)
	if err != nil {
		return nil, err
	}
	if err := done.Await(); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// fromHost begins to copy data, which must not be changed until the event is done.
func (d *Device) fromHost(data []byte, shape Shape) (*Buffer, *Event, error) {
	c := d.client
	if len(data) != shape.Bytes() || shape.Type.Size() == 0 {
		return nil, nil, fmt.Errorf("pjrt: %d bytes for a buffer of %s, which has %d", len(data), shape, shape.Bytes())
	}
	pin := &runtime.Pinner{}
	if len(data) > 0 {
		pin.Pin(unsafe.SliceData(data))
	}
	dims := toInt64s(shape.Dims)
	args := &fromHostArgs{
		data: unsafe.Pointer(unsafe.SliceData(data)), elementType: int32(shape.Type),
		dims: unsafe.SliceData(dims), numDims: uintptr(len(dims)), semantics: immutableOnlyDuringCall, device: d.ptr,
	}
	args.size = unsafe.Sizeof(*args)
	var b *Buffer
	var done *Event
	err := c.h.with(func(ptr uintptr) error {
		args.client = ptr
		if err := c.plugin.invoke(clientBufferFromHostBuffer, unsafe.Pointer(args)); err != nil {
			return err
		}
		b = c.newBuffer(args.buffer, d, Shape{shape.Type, toInts(dims)})
		done = c.newEvent(args.done, pin)
		return nil
	})
	if err != nil {
		pin.Unpin()
		return nil, nil, err
	}
	return b, done, nil
}

// Shape is the type and the dimensions of the array.
func (b *Buffer) Shape() Shape { return Shape{b.shape.Type, append([]int(nil), b.shape.Dims...)} }

// Device is where the buffer is.
func (b *Buffer) Device() *Device { return b.device }

// Close releases the buffer. Executions that use it, and which are under way, go on.
func (b *Buffer) Close() { b.h.close() }

// Deleted reports whether the buffer was closed, or its memory was donated to an
// execution, so that it has no contents any more.
func (b *Buffer) Deleted() bool {
	deleted := true
	_ = b.h.with(func(ptr uintptr) (err error) {
		deleted, err = b.client.plugin.truth(bufferIsDeleted, ptr)
		return err
	})
	return deleted
}

// DeviceBytes is the size of the buffer in the device's memory, which may be padded.
func (b *Buffer) DeviceBytes() (int, error) {
	n := uintptr(0)
	err := b.h.with(func(ptr uintptr) (err error) {
		n, err = b.client.plugin.word(bufferOnDeviceSizeInBytes, ptr)
		return err
	})
	return int(n), err
}

// Ready returns an event that is done when the buffer has its contents. Its error is
// that of the execution or copy that fills the buffer.
func (b *Buffer) Ready() (*Event, error) {
	var e *Event
	err := b.h.with(func(ptr uintptr) error {
		event, err := b.client.plugin.word(bufferReadyEvent, ptr)
		if err == nil {
			e = b.client.newEvent(event, nil)
		}
		return err
	})
	return e, err
}

// CopyTo copies the buffer to another device of the same client, without waiting.
func (b *Buffer) CopyTo(device *Device) (*Buffer, error) {
	if device.client != b.client {
		return nil, fmt.Errorf("pjrt: the device %v is of another client than the buffer", device)
	}
	var copied *Buffer
	err := b.h.with(func(ptr uintptr) error {
		args := &struct{ size, extension, buffer, device, copied uintptr }{size: 5 * wordSize, buffer: ptr, device: device.ptr}
		err := b.client.plugin.invoke(bufferCopyToDevice, unsafe.Pointer(args))
		if err == nil {
			copied = b.client.newBuffer(args.copied, device, b.Shape())
		}
		return err
	})
	return copied, err
}

// ToHost begins to copy the buffer to dst, which must have exactly the size of the
// shape, in row-major order and the machine's byte order. dst must be left alone until
// the event is done.
func (b *Buffer) ToHost(dst []byte) (*Event, error) {
	if len(dst) != b.shape.Bytes() || b.shape.Type.Size() == 0 {
		return nil, fmt.Errorf("pjrt: %d bytes to copy a buffer of %s to, which has %d", len(dst), b.shape, b.shape.Bytes())
	}
	if len(dst) == 0 {
		return b.Ready()
	}
	// The layout is given because the device may have chosen another one.
	order := make([]int64, len(b.shape.Dims))
	for i := range order {
		order[i] = int64(len(order) - 1 - i)
	}
	layout := &memoryLayout{minorToMajor: unsafe.SliceData(order), minorToMajorSize: uintptr(len(order))}
	layout.size = unsafe.Sizeof(*layout) - 4 // without padding
	layout.tiledSize = unsafe.Offsetof(layout.kind) - unsafe.Offsetof(layout.tiledSize)
	pin := &runtime.Pinner{}
	pin.Pin(unsafe.SliceData(dst))
	args := &toHostArgs{layout: layout, dst: unsafe.Pointer(unsafe.SliceData(dst)), dstSize: uintptr(len(dst))}
	args.size = unsafe.Sizeof(*args)
	var e *Event
	err := b.h.with(func(ptr uintptr) error {
		args.buffer = ptr
		if err := b.client.plugin.invoke(bufferToHostBuffer, unsafe.Pointer(args)); err != nil {
			return err
		}
		e = b.client.newEvent(args.event, pin)
		return nil
	})
	if err != nil {
		pin.Unpin()
	}
	return e, err
}

// Read waits for a buffer and copies it to the host. T must fit the buffer's type;
// uint16 also stands for bf16 and f16, uint8 for the types of 8 bits.
func Read[T Element](b *Buffer) ([]T, error) {
	var zero T
	if size := int(unsafe.Sizeof(zero)); size != b.shape.Type.Size() {
		return nil, fmt.Errorf("pjrt: elements of %d bytes for a buffer of %s", size, b.shape)
	}
	data := make([]T, b.shape.Len())
	e, err := b.ToHost(Bytes(data))
	if err != nil {
		return nil, err
	}
	return data, e.Await()
}
