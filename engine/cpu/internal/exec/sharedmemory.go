package exec

// sharedMemory is the memory that the programs of a device share. They run in
// turns, and nothing in it outlives a run, so it is as large as the largest of
// them needs: a test after each epoch, or a smaller last batch, costs no
// memory. What lives longer, such as weights that stay packed, has a place
// outside. The holder of the workers' lock may use it.
type sharedMemory struct {
	arena      *arena
	floats     []float32
	needs      map[int]int // floats of each open program, by its number
	last       int         // number given last
	generation int         // of floats
}

// reserve makes room for a program and returns its number.
func (m *sharedMemory) reserve(floats int) (number int, err error) {
	if floats > len(m.floats) {
		if err := m.resize(floats); err != nil {
			return 0, err
		}
	}
	if m.needs == nil {
		m.needs = map[int]int{}
	}
	m.last++
	m.needs[m.last] = floats
	return m.last, nil
}

// release takes back a program's reservation, and memory that nobody needs
// any more.
func (m *sharedMemory) release(number int) error {
	delete(m.needs, number)
	most := 0
	for _, n := range m.needs {
		most = max(most, n)
	}
	if most == len(m.floats) {
		return nil
	}
	return m.resize(most)
}

// resize replaces the memory. On failure it stays as it is.
func (m *sharedMemory) resize(floats int) error {
	a, memory, err := newArena(floats)
	if err != nil {
		return err
	}
	old := m.arena
	m.arena, m.floats = a, memory
	m.generation++
	if old != nil {
		return old.free()
	}
	return nil
}

// SharedMemory calls f with the memory that the programs of the workers share
// while no run is under way. Tests fill it, as programs must not read what they
// have not written.
func (w *Workers) SharedMemory(f func(floats []float32)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w.memory.floats)
}

// bind gives the buffers of the program, and of its replicas, their places in
// the shared memory, unless they have them.
func (p *Program) bind() {
	m := &p.workers.memory
	if p.bound == m.generation {
		return
	}
	p.bound = m.generation
	memory := m.floats
	for _, q := range p.programs {
		memory = q.bindTo(memory)
	}
}
