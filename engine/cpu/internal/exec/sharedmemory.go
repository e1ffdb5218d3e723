package exec

// sharedMemory is the memory that the programs of a device share. They run in turns,
// and nothing in it outlives a run, so it is as large as the largest of them needs: the
// programs for an evaluation or a smaller last batch need no more. What is kept between
// runs, such as packed weights, has other memory. Workers.mu guards it.
type sharedMemory struct {
	arena      *arena
	floats     []float32
	needs      map[int]int // floats of each open program, by its number
	last       int         // the last number that reserve returned
	generation int         // changes whenever floats does
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

// release ends a program's reservation, and frees memory that no other program needs.
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

// resize replaces the memory. If it fails to allocate, the memory stays as it is.
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

// SharedMemory calls f with the memory that the programs of the workers share, while
// none of them runs. Tests fill it, as programs must not read what they have not
// written.
func (w *Workers) SharedMemory(f func(floats []float32)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w.memory.floats)
}

// bind sets Data of the buffers of the program and of its replicas to their places in
// the shared memory, if that has changed since the last time.
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
