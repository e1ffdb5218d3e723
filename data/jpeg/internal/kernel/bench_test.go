package kernel

import (
	"fmt"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// BenchmarkInverseDCT transforms a row of 64 blocks of each kind.
func BenchmarkInverseDCT(b *testing.B) {
	for _, size := range []int{8, 4, 2, 1} {
		for _, kind := range []struct {
			name string
			last uint8
		}{{"constant", 0}, {"sparse", 8}, {"full", 40}} {
			const n = 64
			coefficients, last, dst := make([]int16, 64*n), make([]uint8, n), make([]uint8, 8*8*n)
			var quant [64]uint16
			for i := range quant {
				quant[i] = uint16(1 + i)
			}
			for i := range last {
				last[i] = kind.last
				for k := range kind.last + 1 {
					coefficients[64*i+natural[k]] = int16(20 - i%40)
				}
			}
			b.Run(fmt.Sprintf("%d/%s", size, kind.name), func(b *testing.B) {
				for b.Loop() {
					InverseDCT(dst, 8*n, coefficients, last, &quant, size)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/block")
			})
		}
	}
}

// BenchmarkPhoto does what a photo of 500×375 pixels in 4:2:0 needs.
func BenchmarkPhoto(b *testing.B) {
	const width, height = 512, 376
	coefficients, last, dst := make([]int16, 64*64), make([]uint8, 64), make([]uint8, 8*8*64)
	var quant [64]uint16
	for i := range quant {
		quant[i] = uint16(1 + i)
	}
	for i := range last {
		last[i] = uint8(i)
		for k := range i + 1 {
			coefficients[64*i+natural[k]] = int16(20 - i%40)
		}
	}
	rows := make([][]uint8, 8)
	for i := range rows {
		rows[i] = kerneltest.RandomBytes(width, uint64(i))
	}
	for b.Loop() {
		for range height / 8 {
			InverseDCT(dst, 8*64, coefficients, last, &quant, 8)
		}
		for range 2 * height / 16 {
			InverseDCT(dst, 8*64, coefficients, last[:32], &quant, 8)
		}
		for range height {
			UpsampleH2V2(rows[1], rows[3][:250], rows[4])
			UpsampleH2V2(rows[2], rows[5][:250], rows[6])
			YCbCrToRGB(rows[5], rows[6], rows[7], rows[0], rows[1], rows[2])
		}
	}
}

// BenchmarkColors converts a row of 512 pixels.
func BenchmarkColors(b *testing.B) {
	row := kerneltest.RandomBytes(3*512, 1)
	dst := make([]uint8, 4*512)
	for b.Loop() {
		YCbCrToRGBA(dst, row[:512], row[512:1024], row[1024:])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/pixel")
}
