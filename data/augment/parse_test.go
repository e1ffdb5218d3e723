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
		{"rotate=10", Pipeline{RandomRotation{Degrees: [2]float64{-10, 10}}}, ""},
		{"rotate=-5:20:nearest:fill127", Pipeline{RandomRotation{[2]float64{-5, 20}, Look{true, 127}}}, ""},
		{"affine=15", Pipeline{RandomAffine{Degrees: [2]float64{-15, 15}}}, ""},
		{"affine=5:0.1:0.2", Pipeline{RandomAffine{Degrees: [2]float64{-5, 5}, Translate: [2]float64{.1, .2}}}, ""},
		{"affine=5:0:0:0.8:1.2", Pipeline{RandomAffine{Degrees: [2]float64{-5, 5}, Scale: [2]float64{.8, 1.2}}}, ""},
		{"affine=5:0:0:1:1:7:nearest", Pipeline{RandomAffine{Degrees: [2]float64{-5, 5}, Scale: [2]float64{1, 1}, ShearX: [2]float64{-7, 7}, Look: Look{Nearest: true}}}, ""},
		{"affine=-5:7:0:0:1:1:0:0:-3:4", Pipeline{RandomAffine{Degrees: [2]float64{-5, 7}, Scale: [2]float64{1, 1}, ShearY: [2]float64{-3, 4}}}, ""},
		{"perspective,perspective=0.3:nearest,perspective=0.5:1", Pipeline{RandomPerspective{}, RandomPerspective{Distortion: .3, Look: Look{Nearest: true}}, RandomPerspective{Distortion: .5, P: 1}}, ""},
		{"perspective=fill9", Pipeline{RandomPerspective{Look: Look{Fill: 9}}}, ""},
		{"grayscale,grayscale=0.5", Pipeline{RandomGrayscale{}, RandomGrayscale{.5}}, ""},
		{"grayscale=0.1", Pipeline{RandomGrayscale{.1}}, "grayscale"},
		{"blur=9,blur=3:0.5:1", Pipeline{GaussianBlur{Size: 9}, GaussianBlur{3, [2]float64{.5, 1}}}, ""},
		{"invert,autocontrast=0.2,equalize=1", Pipeline{RandomAppearance{Change: Invert}, RandomAppearance{AutoContrast, 0, .2}, RandomAppearance{Equalize, 0, 1}}, ""},
		{"posterize=4,solarize=128:0.3,sharpness=2:0.5", Pipeline{RandomAppearance{Change: Posterize, Value: 4}, RandomAppearance{Solarize, 128, .3}, RandomAppearance{Sharpness, 2, .5}}, "posterize=4,solarize=128:0.3,sharpness=2"},
		{"randaugment,randaugment=3:15:nearest", Pipeline{RandAugment{}, RandAugment{3, 15, Look{Nearest: true}}}, ""},
		{"randaugment=2:9", Pipeline{RandAugment{Ops: 2, Magnitude: 9}}, "randaugment"},
		{"randaugment=fill128", Pipeline{RandAugment{Look: Look{Fill: 128}}}, ""},
		{"trivialaugment,trivialaugment=nearest", Pipeline{TrivialAugmentWide{}, TrivialAugmentWide{Look{Nearest: true}}}, ""},
		{"erase,erase=0.1,erase=0.5:0.1:0.2,erase=1:0.02:0.33:0.5:2", Pipeline{RandomErasing{}, RandomErasing{P: .1}, RandomErasing{P: .5, Scale: [2]float64{.1, .2}}, RandomErasing{1, [2]float64{.02, .33}, [2]float64{.5, 2}}}, ""},
		{"mixup=0.2,cutmix", Pipeline{MixUp{.2}, CutMix{}}, ""},
		{"none", nil, "-"},
		{"flip,none,vflip", Pipeline{RandomHorizontalFlip{}, RandomVerticalFlip{}}, "hflip,vflip"},
		{"light", Pipeline{RandomResizedCrop{Scale: [2]float64{.35, 1}}, RandomHorizontalFlip{}}, "rcrop=0.35:1,hflip"},
		{"standard,mixup", Pipeline{RandomResizedCrop{}, RandomHorizontalFlip{}, MixUp{}}, "rcrop,hflip,mixup"},
		{"strong", Pipeline{RandomResizedCrop{}, RandomHorizontalFlip{}, RandAugment{}, RandomErasing{P: .25}}, "rcrop,hflip,randaugment,erase=0.25"},
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
		switch want {
		case "":
			want = strings.TrimSpace(test.text)
		case "-":
			want = ""
		}
		if got := p.String(); got != want {
			t.Errorf("%q: written as %q, want %q", test.text, got, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"hflip,mirror", `augmentation "hflip,mirror", word 2: unknown transform "mirror" (known: hflip, vflip, crop, rcrop, jitter, brightness, contrast, saturation, hue, rotate, affine, perspective, grayscale, blur, invert, posterize, solarize, autocontrast, equalize, sharpness, randaugment, trivialaugment, erase, mixup, cutmix, normalize; presets: none, flip, light, standard, strong)`},
		{"strong=2", `"strong=2": the preset strong takes no numbers`},
		{"randaugmet", `unknown transform "randaugmet": did you mean "randaugment"?`},
		{"rotate", "the number is missing (want rotate=DEGREES or rotate=MIN:MAX, then :nearest, :fillV)"},
		{"rotate=0", "an angle of 0 never does anything"},
		{"rotate=-10", "the angle is 10 to -10"},
		{"rotate=10:fill256", `"fill256": want fill and a number from 0 to 255`},
		{"rotate=nearest:10", "nearest and fill come after the numbers"},
		{"rotate=nearest", "the number is missing"},
		{"rotate=1:2:3", "3 numbers"},
		{"affine=0", "leave the transform out"},
		{"affine=5:0.1:0.1:0:1", "factors must be above 0"},
		{"affine=5:2:0", "the distance to the right is 2"},
		{"affine=5:0:0:1:1:90", "the shear along x is -90 to 90"},
		{"affine=5:0:0:1:1000", "the scale is 1 to 1000"},
		{"perspective=0", "a distortion of 0 never does anything"},
		{"perspective=0.5:0", "a probability of 0 never does anything"},
		{"perspective=1.5", "the distortion is 1.5"},
		{"blur", "is not a whole number"},
		{"blur=4", "the size is 4: want an odd number"},
		{"blur=3:2:1", "the deviation is 2 to 1"},
		{"blur=3:0:1", "deviations must be above 0"},
		{"posterize", "the number is missing"},
		{"posterize=0", "the number is 0: want 1 to 8"},
		{"posterize=2.5", "2.5 bits: want a whole number"},
		{"solarize=300", "the number is 300"},
		{"invert=0", "a probability of 0"},
		{"sharpness=2:3", "the probability is 3"},
		{"randaugment=2", "1 numbers"},
		{"randaugment=2:31", "the magnitude is 31: want 1 to 30"},
		{"randaugment=2.5:9", "want whole numbers"},
		{"randaugment=0:9", "want whole numbers from 1 on"},
		{"trivialaugment=3", "1 numbers"},
		{"erase=0", "a probability of 0"},
		{"erase=1:0:0.1", "must be above 0"},
		{"erase=1:0.3:0.1", "the scale is 0.3 to 0.1"},
		{"mixup=0", "the number must be above 0"},
		{"cutmix=1000", "alpha is 1000"},
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
	for _, text := range []string{"hflip,crop=28:4,jitter=0.2", "rcrop=0.1:1:0.5:2", "normalize=0.4/0.5/0.6:0.25", "vflip=0.1,hue=0.5", "crop=3x4",
		"strong,mixup=0.2,cutmix", "affine=-5:7:0:0:1:1:0:0:-3:4:nearest:fill3", "posterize=4:0.3,blur=3:0.5:1", "perspective=0.4:0.9,erase=1:0.02:0.33:0.5:2"} {
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
