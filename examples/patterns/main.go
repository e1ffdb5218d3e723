// Command patterns draws a folder of photos to try fine-tuning with: five classes
// of thirty JPEG files each, and five more files that are in no class.
//
//	go run ./examples/patterns
//	stride train photos/
//
// It writes photos/CLASS/NN.jpg and new/CLASS.jpg, always the same ones. A pattern
// has any scale, angle and colours, in uneven light and with noise. Two files are
// wrong, so that "stride data check" has something to find: checks among the dots,
// and a copy of one of the stripes.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// A pattern says which of the plane's points have ink. It repeats itself about
// once in a unit.
type pattern struct {
	name string
	ink  func(x, y float64) bool
}

var patterns = []pattern{
	{"checks", func(x, y float64) bool { return half(x) != half(y) }},
	{"dots", func(x, y float64) bool { return math.Hypot(x-math.Round(x), y-math.Round(y)) < 0.3 }},
	{"rings", func(x, y float64) bool { return half(math.Hypot(x, y)) }},
	{"stripes", func(_, y float64) bool { return half(y) }},
	{"waves", func(x, y float64) bool { return half(y + 0.3*math.Sin(3*x)) }},
}

// half says whether v is in the first half of its unit.
func half(v float64) bool { return v-math.Floor(v) < 0.5 }

func main() {
	log.SetFlags(0)
	out := flag.String("out", ".", "folder in which photos/ and new/ are written")
	flag.Parse()
	if err := write(*out, 30); err != nil {
		log.Fatal(err)
	}
	fmt.Println("photos/ has five classes of thirty photos, new/ has five photos more")
}

// write draws n photos of each class below root, and one of each to classify.
func write(root string, n int) error {
	for class, p := range patterns {
		for i := range n {
			what, from := p, i
			switch {
			case p.name == "dots" && i == 7:
				what = patterns[0] // checks under the name of dots
			case p.name == "stripes" && i == 20:
				from = 4 // the same photo once more
			}
			file := filepath.Join(root, "photos", p.name, fmt.Sprintf("%02d.jpg", i))
			if err := save(file, draw(what, uint64(class), uint64(from))); err != nil {
				return err
			}
		}
		if err := save(filepath.Join(root, "new", p.name+".jpg"), draw(p, uint64(class), uint64(n))); err != nil {
			return err
		}
	}
	return nil
}

// draw makes photo i of a class.
func draw(p pattern, class, i uint64) image.Image {
	r := rand.New(rand.NewPCG(class, i))
	width, height := 200+r.IntN(120), 200+r.IntN(120)
	paper, ink := tint(r), tint(r)
	for distance(paper, ink) < 60 {
		ink = tint(r)
	}
	sin, cos := math.Sincos(r.Float64() * math.Pi)
	period := 25 + 35*r.Float64()
	originX, originY := float64(width)*r.Float64(), float64(height)*r.Float64()
	light, noise := (r.Float64()-0.5)*100, 5+25*r.Float64()

	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			part := 0.0 // of the pixel that has ink, from 2×2 points
			for _, d := range [4][2]float64{{0.25, 0.25}, {0.75, 0.25}, {0.25, 0.75}, {0.75, 0.75}} {
				u, v := (float64(x)+d[0]-originX)/period, (float64(y)+d[1]-originY)/period
				if p.ink(u*cos+v*sin, v*cos-u*sin) {
					part += 0.25
				}
			}
			shift := light*(float64(x)/float64(width)-0.5) + noise*r.NormFloat64()
			var c [3]uint8
			for k := range c {
				c[k] = uint8(max(0, min(255, paper[k]+part*(ink[k]-paper[k])+shift)))
			}
			m.SetRGBA(x, y, color.RGBA{c[0], c[1], c[2], 255})
		}
	}
	return m
}

// tint is a colour that is neither black nor white.
func tint(r *rand.Rand) [3]float64 {
	return [3]float64{30 + 200*r.Float64(), 30 + 200*r.Float64(), 30 + 200*r.Float64()}
}

func distance(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

// save writes a JPEG file and the folders above it.
func save(file string, m image.Image) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 85}); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}
