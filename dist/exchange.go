package dist

import (
	"encoding/binary"
	"fmt"
)

// GatherBytes returns what each rank sends, by rank; lengths may differ. All ranks get
// the same.
func GatherBytes(c Comm, send []byte) ([][]byte, error) {
	n := c.Size()
	if n == 1 {
		return [][]byte{send}, nil
	}
	lengths := make([]byte, 8*n)
	if err := c.AllGather(binary.LittleEndian.AppendUint64(nil, uint64(len(send))), lengths); err != nil {
		return nil, err
	}
	all, most := make([][]byte, n), 0
	for rank := range all {
		length := binary.LittleEndian.Uint64(lengths[8*rank:])
		if length > 1<<40 {
			return nil, fmt.Errorf("rank %d announces %d bytes", rank, length)
		}
		all[rank] = make([]byte, 0, length)
		most = max(most, int(length))
	}
	// In pieces: what is received at once takes n times a piece.
	piece := min(most, max(64, 1<<24/n))
	for at := 0; at < most; at += piece {
		part, parts := make([]byte, piece), make([]byte, n*piece)
		copy(part, send[min(at, len(send)):])
		if err := c.AllGather(part, parts); err != nil {
			return nil, err
		}
		for rank, got := range all {
			all[rank] = append(got, parts[rank*piece:rank*piece+min(piece, cap(got)-len(got))]...)
		}
	}
	return all, nil
}

// Broadcast returns what rank 0 sends, on all ranks. Those of the others send nothing.
func Broadcast(c Comm, send []byte) ([]byte, error) {
	n := c.Size()
	if n == 1 {
		return send, nil
	}
	lengths := make([]byte, 8*n)
	if err := c.AllGather(binary.LittleEndian.AppendUint64(nil, uint64(len(send))), lengths); err != nil {
		return nil, err
	}
	length := int(binary.LittleEndian.Uint64(lengths))
	if length < 0 || length > 1<<40 {
		return nil, fmt.Errorf("rank 0 announces %d bytes", length)
	}
	// Rank 0 gives each rank a share, and the ranks give each other their shares, so
	// that rank 0 does not send everything to each.
	got, share := make([]byte, 0, length), min((length+n-1)/n, 1<<20)
	for len(got) < length {
		out, in, round := make([]byte, n*share), make([]byte, n*share), make([]byte, n*share)
		if c.Rank() == 0 {
			copy(out, send[len(got):])
		}
		if err := c.AllToAll(out, in); err != nil {
			return nil, err
		}
		if err := c.AllGather(in[:share], round); err != nil {
			return nil, err
		}
		got = append(got, round[:min(len(round), length-len(got))]...)
	}
	return got, nil
}
