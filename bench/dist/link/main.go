//go:build linux

// Command link is the network of the testbed where it must be slow: the switch between
// machines that are network namespaces, with a bandwidth, a delay and losses. Kernels of
// virtual machines often lack netem, which would do it.
//
//	link -ports 4 -name stl -rate 1e9 -delay 1ms -loss 0.001
//
// It makes the network devices stl1 to stl4, prints a line when they are there, and
// forwards Ethernet frames between them until its standard input ends. Then it says how much
// later than they should frames have arrived: where that is not far less than the delay, the
// machine is too slow for this network.
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
	// Each goroutine is a thread that never waits for others to give it its turn.
	runtime.GOMAXPROCS(4**ports + 2)
	for _, p := range s.ports {
		go s.receive(p)
		go s.pass(p)
		go s.deliver(p)
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	s.mu.Lock()
	defer s.mu.Unlock()
	var used unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &used) // never fails
	each := 1 / float64(max(s.delivered, 1))
	fmt.Printf("%d frames, %.0f µs late on average, %.2f %% of them by more than 1 ms, %d lost, %.0f µs of a processor for each\n", s.delivered,
		each*s.late.Seconds()*1e6, 100*each*float64(s.veryLate), s.lost, each*float64(used.Utime.Nano()+used.Stime.Nano())/1e3)
}

// queueBytes is how much may wait in the switch for a link; what comes then is lost. What a
// machine has to send waits in the machine.
const queueBytes = 1 << 20

type address [6]byte

// A port is the link of a machine, with the switch at its other end.
type port struct {
	device *os.File
	sent   time.Time  // when all that is on the way from the machine has been sent
	up     chan frame // from the machine, in the order in which they reach the switch
	down   chan frame // to the machine
}

// A frame is on the way to the switch, or from it.
type frame struct {
	data []byte
	due  time.Time // when the switch has all of it
}

// A network is the switch.
type network struct {
	rate   float64
	delay  time.Duration
	loss   float64
	ports  []*port
	mu     sync.Mutex        // for what follows
	places map[address]*port // where a machine was last seen
	random *rand.Rand

	delivered, lost, veryLate int
	late                      time.Duration // of all that were delivered
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
	return &port{device: os.NewFile(uintptr(fd), name), up: make(chan frame, 1<<16), down: make(chan frame, 1<<16)}, nil
}

// receive takes the frames that a machine sends.
func (n *network) receive(from *port) {
	runtime.LockOSThread()
	buffer := make([]byte, 1<<16)
	for {
		length, err := from.device.Read(buffer)
		if err != nil {
			log.Fatal(err)
		}
		if length < 14 {
			continue
		}
		now := time.Now()
		from.sent = later(from.sent, now).Add(n.sending(length))
		from.up <- frame{append([]byte(nil), buffer[:length]...), from.sent.Add(n.delay)}
	}
}

// sending is how long a link takes for so many bytes.
func (n *network) sending(bytes int) time.Duration {
	return time.Duration(float64(bytes) * 8 / n.rate * 1e9)
}

// pass puts the frames that a machine has sent into the queues of others, when the switch
// has them: of two machines that send to a third, the frame that is there first is first.
func (n *network) pass(from *port) {
	preciseSleep()
	for f := range from.up {
		sleepUntil(f.due.Add(-250 * time.Microsecond)) // only the order counts here
		for _, to := range n.route(from, f.data) {
			select {
			case to.down <- f:
			default:
				n.count(0, false)
			}
		}
	}
}

// route returns where a frame goes that is not lost, and remembers where it comes from.
func (n *network) route(from *port, data []byte) (to []*port) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.places[address(data[6:12])] = from
	all := n.ports
	if p := n.places[address(data[:6])]; p != nil {
		all = []*port{p}
	}
	for _, p := range all {
		switch {
		case p == from:
		case n.random.Float64() < n.loss:
			n.lost++
		default:
			to = append(to, p)
		}
	}
	return to
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// deliver gives a machine its frames, as fast as its link is. The switch passes a frame on
// while it comes, because all links have the same speed: a link without a queue adds nothing.
func (n *network) deliver(to *port) {
	preciseSleep()
	var sent time.Time // when all before has been sent
	for f := range to.down {
		end := later(sent.Add(n.sending(len(f.data))), f.due)
		if end.Sub(f.due) > n.sending(queueBytes) {
			n.count(0, false)
			continue
		}
		sent = end
		sleepUntil(end.Add(-60 * time.Microsecond)) // it is as much late on average
		n.count(time.Since(end), true)
		_, _ = to.device.Write(f.data) // a machine that is cut off loses it
	}
}

// count notes a frame that was delivered, so late, or lost because a queue was full.
func (n *network) count(late time.Duration, delivered bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !delivered {
		n.lost++
		return
	}
	n.delivered++
	n.late += late
	if late > time.Millisecond {
		n.veryLate++
	}
}

// preciseSleep makes the pauses of the caller precise, in a thread of its own.
func preciseSleep() {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // only less precise
}

func sleepUntil(due time.Time) {
	for wait := time.Until(due); wait > 0; wait = time.Until(due) {
		t := unix.NsecToTimespec(int64(wait))
		_ = unix.Nanosleep(&t, nil) // asked again
	}
}
