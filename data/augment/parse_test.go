package augment

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		text      string
		want      Pipeline
		canonical string // text itself if ""
	}{
		{"hflip,crop=28:4,jitter=0.2", Pipeline{RandomHorizontalFlip{}, RandomCrop{28, 28, 4}, ColorJitter{.2, .2, .2, .2}}, ""},
		{"hflip=0.3,vflip=1", Pipeline{RandomHorizontalFlip{.3}, RandomVerticalFlip{1}}, ""},
		{" hflip=0.5 , vflip ", Pipeline{RandomHorizontalFlip{.5}, RandomVerticalFlip{}}, "hflip,vflip"},
		{"crop=24x32", Pipeline{RandomCrop{24, 32, 0}}, ""},
		{"crop=0:4", Pipeline{RandomCrop{0, 0, 4}}, ""},
		{"crop=20x20:0", Pipeline{RandomCrop{20, 20, 0}}, "crop=20"},
		{"rcrop", Pipeline{RandomResizedCrop{}}, ""},
		{"rcrop=0.1:1", Pipeline{RandomResizedCrop{Scale: [2]float64{.1, 1}}}, ""},
		{"rcrop=0.1:1:0.5:2", Pipeline{RandomResizedCrop{[2]float64{.1, 1}, [2]float64{.5, 2}}}, ""},
		{"jitter=0.4:0.3:2:0.1", Pipeline{ColorJitter{.4, .3, 2, .1}}, ""},
		{"brightness=0.4", Pipeline{ColorJitter{Brightness: .4}}, "jitter=0.4:0:0:0"},
		{"contrast=0.4,saturation=1", Pipeline{ColorJitter{Contrast: .4}, ColorJitter{Saturation: 1}}, "jitter=0:0.4:0:0,jitter=0:0:1:0"},
		{"hue=0.5", Pipeline{ColorJitter{Hue: .5}}, "jitter=0:0:0:0.5"},
		{"normalize=0.5:0.25", Pipeline{Normalize{[]float32{.5}, []float32{.25}}}, ""},
		{"normalize=0.485/0.456/0.406:0.229/0.224/0.225", Pipeline{Normalize{[]float32{.485, .456, .406}, []float32{.229, .224, .225}}}, ""},
		{"", nil, ""},
		{"  ", nil, ""},
	}
	for _, test := range tests {
		p, err := Parse(test.text)
		if err != nil {
			t.Error(err)
			continue
		}
		if !reflect.DeepEqual(p, test.want) {
			t.Errorf("%q: %#v, want %#v", test.text, p, test.want)
		}
		want := test.canonical
		if want == "" {
			want = strings.TrimSpace(test.text)
		}
		if got := p.String(); got != want {
			t.Errorf("%q: written as %q, want %q", test.text, got, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"hflip,flip", `augmentation "hflip,flip", word 2: unknown transform "flip" (known: hflip, vflip, crop, rcrop, jitter, brightness, contrast, saturation, hue, normalize)`},
		{"hflip,,vflip", "word 2: there is nothing between two commas"},
		{"hflip=", `"hflip=" has no number: want hflip[=P]`},
		{"hflip=2", "the probability is 2: want 0 to 1 (want hflip[=P])"},
		{"hflip=0", "a probability of 0 never does anything"},
		{"hflip=NaN", `"NaN" is not a number`},
		{"hflip=1e99", `"1e99" is not a number`},
		{"hflip=0.1:0.2", "2 numbers (want hflip[=P])"},
		{"crop", `"" is not a whole number (want crop=H[xW][:PAD])`},
		{"crop=-3", `"-3" is not a whole number`},
		{"crop=28x", `"" is not a whole number`},
		{"crop=28:4:4", `"4:4" is not a whole number`},
		{"crop=99999", "want numbers from 0 to 32768"},
		{"rcrop=0.5", "1 numbers"},
		{"rcrop=0:1", "must be above 0"},
		{"rcrop=0.1:2", "the scale is 0.1 to 2"},
		{"rcrop=0.1:1:0:2", "must be above 0"},
		{"jitter", "the number is missing (want jitter=V or jitter=B:C:S:H)"},
		{"jitter=0.7", "hue is 0.7: want 0 to 0.5"},
		{"jitter=1:2", "2 numbers"},
		{"hue=x", `"x" is not a number`},
		{"normalize=0.5", "mean or deviation is missing"},
		{"normalize=0.5:0", "must be at least 1e-6"},
		{"normalize=0.5:", "the number is missing"},
		{"normalize=1/2/3:1/2", "3 means and 2 deviations"},
	}
	for _, test := range tests {
		p, err := Parse(test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v with error %v, want %q", test.text, p, err, test.want)
		}
	}
}

// FuzzParse checks that what is accepted is written so that it is read again
// as the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"hflip,crop=28:4,jitter=0.2", "rcrop=0.1:1:0.5:2", "normalize=0.4/0.5/0.6:0.25", "vflip=0.1,hue=0.5", "crop=3x4"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		written := p.String()
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, written, err)
		}
		if again.String() != written {
			t.Fatalf("%q was written as %q and then %q", text, written, again)
		}
	})
}
