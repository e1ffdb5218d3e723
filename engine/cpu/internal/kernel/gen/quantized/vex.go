package main

import (
	"fmt"
	"log"
	"os"
	"regexp"
	"strconv"
)

// Go's assembler encodes VPDPBUSD for AVX-512 only. CPUs that have it without AVX-512 (AVX-VNNI) need the older prefix, VEX.

// vexDot encodes VPDPBUSD on registers of 256 bits, in the order of Go's assembler: w with sign, a without,
// sum. See Intel's manual: VEX.256.66.0F38.W0 50 /r.
func vexDot(w, a, sum int) [5]byte {
	return [5]byte{
		0xc4,
		byte(1-sum>>3)<<7 | 1<<6 | byte(1-w>>3)<<5 | 0b00010,
		byte(^a&15)<<3 | 1<<2 | 0b01,
		0x50,
		0b11<<6 | byte(sum&7)<<3 | byte(w&7),
	}
}

// ymmDot is a line of the assembly that has the instruction.
var ymmDot = regexp.MustCompile(`(?m)^\t(VPDPBUSD\s+Y(\d+), Y(\d+), Y(\d+))$`)

// encodeVEX writes the instructions on 256 bits in a file as numbers.
func encodeVEX(file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	text = ymmDot.ReplaceAllFunc(text, func(line []byte) []byte {
		m := ymmDot.FindSubmatch(line)
		var numbers [3]int
		for i := range numbers {
			n, err := strconv.Atoi(string(m[2+i]))
			if err != nil || n > 15 {
				log.Fatalf("%s: VEX has registers 0 to 15", line)
			}
			numbers[i] = n
		}
		var out []byte
		for i, b := range vexDot(numbers[0], numbers[1], numbers[2]) {
			if i > 0 {
				out = append(out, "; "...)
			} else {
				out = append(out, '\t')
			}
			out = fmt.Appendf(out, "BYTE $0x%02x", b)
		}
		return fmt.Appendf(out, " // %s", m[1])
	})
	if err := os.WriteFile(file, text, 0o644); err != nil {
		log.Fatal(err)
	}
}
