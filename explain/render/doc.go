// Package render draws what package explain finds: heat maps, overlays on the picture, feature maps and filters.
//
//	why, err := m.GradCAM(ctx, x, "", explain.Predicted)
//	…
//	where, err := m.Preprocessing().Placement(picture.Bounds().Size())
//	…
//	out, err := render.Overlay(picture, why.Heat(), where.Rectangle(render.Whole(x)), render.Options{})
//
// Pictures come in and go out as image.Image, numbers as tensors. The same arguments give the same bytes.
package render
