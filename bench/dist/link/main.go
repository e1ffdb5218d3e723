//go:build linux

// Command link is the network of the testbed where it must be slow: the switch between
// machines that are network namespaces, with a bandwidth, a delay and losses. Kernels of
// virtual machines often lack netem, which would do it.
//
//	link -ports 4 -name stl -rate 1e9 -delay 1ms -loss 0.001
//
// It makes the network devices stl1 to stl4, prints a line when they are there, and
// forwards Ethernet frames between them until it is ended.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	ports := flag.Int("ports", 2, "how many `machines`")
	name := flag.String("name", "stl", "the beginning of the devices' `names`")
	rate := flag.Float64("rate", 1e9, "`bits` per second from and to each machine")
	delay := flag.Duration("delay", 0, "the `time` from one machine to another")
	loss := flag.Float64("loss", 0, "the `share` of frames that are lost")
	flag.Parse()
	s := &network{rate: *rate, delay: *delay, loss: *loss, places: map[address]*port{}, random: rand.New(rand.NewPCG(1, 2))}
	for i := range *ports {
		p, err := open(fmt.Sprintf("%s%d", *name, i+1))
		if err != nil {
			log.Fatalf("cannot make a network device: %v", err)
		}
		s.ports = append(s.ports, p)
	}
	for _, p := range s.ports {
		go p.deliver()
		go s.receive(p)
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the script ends
}

// queueTime is how much may wait for a link, in the time that it takes to send it;
// what comes then is lost, as in a switch.
const queueTime = 100 * time.Millisecond

type address [6]byte

// A port is the link of a machine, with the switch at its other end.
type port struct {
	device   *os.File
	up, down time.Time // when what is on the way from and to the machine has been sent
	frames   chan frame
}

// A frame is on the way to a machine.
type frame struct {
	data []byte
	due  time.Time
}

// A network is the switch.
type network struct {
	rate   float64
	delay  time.Duration
	loss   float64
	ports  []*port
	mu     sync.Mutex
	places map[address]*port // where a machine was last seen
	random *rand.Rand
}

func open(name string) (*port, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	var request [unix.IFNAMSIZ + 64]byte
	copy(request[:unix.IFNAMSIZ-1], name)
	binary.NativeEndian.PutUint16(request[unix.IFNAMSIZ:], unix.IFF_TAP|unix.IFF_NO_PI)
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TUNSETIFF, uintptr(unsafe.Pointer(&request[0]))); e != 0 {
		return nil, fmt.Errorf("%s: %w", name, e)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	return &port{device: os.NewFile(uintptr(fd), name), frames: make(chan frame, 1<<16)}, nil
}

// receive takes the frames that a machine sends.
func (n *network) receive(from *port) {
	buffer := make([]byte, 1<<16)
	for {
		length, err := from.device.Read(buffer)
		if err != nil {
			log.Fatal(err)
		}
		if length < 14 {
			continue
		}
		n.forward(from, append([]byte(nil), buffer[:length]...))
	}
}

// forward decides when a frame arrives where.
func (n *network) forward(from *port, data []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.places[address(data[6:12])] = from
	sending := time.Duration(float64(len(data)) * 8 / n.rate * 1e9)
	now := time.Now()
	if from.up.Sub(now) > queueTime {
		return
	}
	from.up = later(from.up, now).Add(sending)
	to := n.ports
	if p := n.places[address(data[:6])]; p != nil {
		to = []*port{p}
	}
	for _, p := range to {
		if p == from || n.random.Float64() < n.loss {
			continue
		}
		arrives := from.up.Add(n.delay)
		if p.down.Sub(arrives) > queueTime {
			continue
		}
		// The switch passes a frame on while it comes: the links have the same speed.
		p.down = later(p.down.Add(sending), arrives)
		select {
		case p.frames <- frame{data, p.down}:
		default:
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// deliver gives a machine its frames when they are due.
func (p *port) deliver() {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // only less precise
	for f := range p.frames {
		for wait := time.Until(f.due); wait > 0; wait = time.Until(f.due) {
			t := unix.NsecToTimespec(int64(wait))
			_ = unix.Nanosleep(&t, nil) // asked again
		}
		_, _ = p.device.Write(f.data) // a machine that is cut off loses it
	}
}
