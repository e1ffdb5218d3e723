package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An evexCode is what tells an instruction of two sources and a result, all of 512 bits, from the
// others in its EVEX encoding (Intel 64 and IA-32 Architectures Software Developer's Manual,
// volume 2, section 2.7). All are in the opcode map 0F38 and have W = 0.
type evexCode struct {
	name   string
	prefix byte // 2 is F3, 3 is F2
	opcode byte
}

// placeholders are the instructions that the generator writes in place of others.
var placeholders = map[string]evexCode{
	"VFMADD231PS": {"VDPBF16PS", 2, 0x52},
	"VPSHUFB":     {"VCVTNE2PS2BF16", 3, 0x72},
}

// instruction matches the lines of the file that are replaced: the name, the suffix of a
// broadcast, the first source, and the numbers of the second one and of the result.
var instruction = regexp.MustCompile(`^\t(VFMADD231PS|VPSHUFB)(\.BCST)?\s+(\S+), Z(\d+), Z(\d+)$`)

// encodeFile replaces the placeholders in a file.
func encodeFile(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		m := instruction.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		code := placeholders[m[1]]
		second, _ := strconv.Atoi(m[4]) // digits, as they match
		result, _ := strconv.Atoi(m[5])
		bytes, err := code.encode(m[3], m[2] != "", second, result)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
		var b strings.Builder
		for _, x := range bytes {
			fmt.Fprintf(&b, "BYTE $0x%02x; ", x)
		}
		lines[i] = fmt.Sprintf("\t%s // %s%s %s, Z%d, Z%d", strings.TrimSuffix(b.String(), "; "), code.name, m[2], m[3], second, result)
	}
	return os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o644)
}

// address matches the operands in memory: displacement, base, index and scale.
var address = regexp.MustCompile(`^(-?\d+)?\((\w+)\)(?:\((\w+)\*(\d)\))?$`)

// generalRegisters are in the order of their numbers.
var generalRegisters = []string{"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}

// encode returns the bytes of an instruction. first is a vector or an address; with broadcast,
// that of 32 bits.
func (c evexCode) encode(first string, broadcast bool, second, result int) ([]byte, error) {
	var tail []byte // ModRM, SIB, displacement
	var base, index int
	if n, ok := strings.CutPrefix(first, "Z"); ok {
		z, err := strconv.Atoi(n)
		if err != nil {
			return nil, fmt.Errorf("operand %s", first)
		}
		tail = []byte{0xc0 | byte(result&7)<<3 | byte(z&7)}
		base, index = z, z>>1 // bit 4 is in the place of the index's bit 3
	} else {
		m := address.FindStringSubmatch(first)
		if m == nil {
			return nil, fmt.Errorf("operand %s", first)
		}
		base, index = slices.Index(generalRegisters, m[2]), -1
		scale := 1
		if m[3] != "" {
			index = slices.Index(generalRegisters, m[3])
			scale, _ = strconv.Atoi(m[4]) // digits
			if index < 0 || index == 4 {
				return nil, fmt.Errorf("operand %s", first)
			}
		}
		if base < 0 {
			return nil, fmt.Errorf("operand %s", first)
		}
		displacement := 0
		if m[1] != "" {
			displacement, _ = strconv.Atoi(m[1]) // digits
		}
		unit := zmmSize
		if broadcast {
			unit = floatSize
		}
		tail = memoryTail(base, index, scale, displacement, unit, result)
		index = max(index, 0)
	}
	not := func(n, bit int) byte { return byte(^n>>bit) & 1 }
	p1 := not(result, 3)<<7 | not(index, 3)<<6 | not(base, 3)<<5 | not(result, 4)<<4 | 2
	p2 := byte(^second&15)<<3 | 4 | c.prefix
	p3 := byte(2)<<5 | not(second, 4)<<3
	if broadcast {
		p3 |= 1 << 4
	}
	return append([]byte{0x62, p1, p2, p3, c.opcode}, tail...), nil
}

// memoryTail encodes an address, with index -1 if it has none. Displacements of one byte count
// units.
func memoryTail(base, index, scale, displacement, unit, result int) []byte {
	mod, disp := 0, []byte(nil)
	switch {
	case displacement == 0 && base&7 != 5:
	case displacement%unit == 0 && displacement/unit == int(int8(displacement/unit)):
		mod, disp = 1, []byte{byte(displacement / unit)}
	default:
		mod, disp = 2, []byte{byte(displacement), byte(displacement >> 8), byte(displacement >> 16), byte(displacement >> 24)}
	}
	modrm := byte(mod<<6 | (result&7)<<3)
	if index < 0 && base&7 != 4 {
		return append([]byte{modrm | byte(base&7)}, disp...)
	}
	log2 := map[int]int{1: 0, 2: 1, 4: 2, 8: 3}[scale]
	sib := byte(log2<<6 | max(index, 0)&7<<3 | base&7)
	if index < 0 {
		sib |= 4 << 3
	}
	return append([]byte{modrm | 4, sib}, disp...)
}
