package source

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/data/preprocess"
)

// PictureFlags are the names of the flags of AddPictures.
var PictureFlags = []string{"mean", "std", "interpolation", "crop-pct"}

// AddPictures adds the flags that say how pictures become the input, in place of what the
// model says. about stands before their descriptions; it may be "".
func AddPictures(cmd *cobra.Command, c *preprocess.Config, about string) {
	flags := cmd.Flags()
	flags.Var(&channelsFlag{&c.Mean, false}, "mean", about+"mean of the pixels on the scale 0 to 1: three `numbers` for red, green and blue, or one (default: the model's)")
	flags.Var(&channelsFlag{&c.Std, true}, "std", about+"standard deviation of the pixels: three `numbers`, or one (default: the model's)")
	command.AddChoice(cmd, (*string)(&c.Interpolation), "interpolation", about+"`filter` that resizes pictures: bilinear or bicubic (default: the model's)", string(preprocess.Bilinear), string(preprocess.Bicubic))
	flags.Var(&shareFlag{&c.CropPct}, "crop-pct", about+"`share` of a side of the resized picture that is left after cutting: 0.875 resizes to 256 and cuts out 224 (default: the model's)")
}

// channelsFlag is a flag for a number for each channel, or for one for all.
type channelsFlag struct {
	values   *[]float32
	positive bool
}

// String, Type and Set are those of a pflag.Value.
func (f *channelsFlag) String() string {
	if f.values == nil {
		return ""
	}
	var words []string
	for _, v := range *f.values {
		words = append(words, strconv.FormatFloat(float64(v), 'g', -1, 32))
	}
	return strings.Join(words, ",")
}

func (f *channelsFlag) Type() string { return "numbers" }

func (f *channelsFlag) Set(text string) error {
	words := strings.Split(text, ",")
	values := make([]float32, len(words))
	ok := len(words) == 1 || len(words) == 3
	for i, word := range words {
		v, err := strconv.ParseFloat(strings.TrimSpace(word), 32)
		ok = ok && err == nil && v >= 0 && v <= 1 && (v >= preprocess.MinStd || !f.positive)
		values[i] = float32(v)
	}
	switch {
	case ok:
		*f.values = values
		return nil
	case f.positive:
		return errors.New("want three numbers above 0 and up to 1, such as 0.229,0.224,0.225, or one for all channels")
	}
	return errors.New("want three numbers from 0 to 1, such as 0.485,0.456,0.406, or one for all channels")
}

// shareFlag is a flag for preprocess.Config.CropPct.
type shareFlag struct{ value *float64 }

// String, Type and Set are those of a pflag.Value.
func (f *shareFlag) String() string {
	if f.value == nil || *f.value == 0 {
		return ""
	}
	return strconv.FormatFloat(*f.value, 'g', -1, 64)
}

func (f *shareFlag) Type() string { return "share" }

func (f *shareFlag) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= preprocess.MinCropPct && v <= 1) {
		return fmt.Errorf("want a number from %v to 1, such as 0.875", preprocess.MinCropPct)
	}
	*f.value = v
	return nil
}
