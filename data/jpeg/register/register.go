// Package register registers package jpeg with package image: a program that
// imports it decodes JPEG files with image.Decode.
//
//	import _ "github.com/strideml/stride/data/jpeg/register"
//
// Of two decoders that are registered, image.Decode takes the one that was first.
// A program that also imports image/jpeg, which registers itself, gets whichever
// package comes first in the order of initialisation: by import path, where
// neither imports the other. That is this one.
package register

import (
	"image"

	"github.com/strideml/stride/data/jpeg"
)

func init() {
	image.RegisterFormat("jpeg", "\xff\xd8", jpeg.Decode, jpeg.DecodeConfig)
}
