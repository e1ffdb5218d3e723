package look

import (
	"github.com/strideml/stride/explain"
	"github.com/strideml/stride/tensor"
)

// Of names the model of an answer.
type Of struct {
	Model   string `json:"model"`
	Version string `json:"version"`
}

// A Network is the answer to GET /v1/network.
type Network struct {
	Of
	Input tensor.Shape `json:"input"`
	// Classes are the names of the classes, by index.
	Classes      []string `json:"classes"`
	Parameters   int      `json:"parameters"`
	MultiplyAdds int64    `json:"multiply_adds"`
	// TrainingData says that /v1/exciting may have an answer.
	TrainingData bool `json:"training_data"`
	// Milliseconds is the time of a picture on half of the threads; only if it was asked for.
	Milliseconds float64 `json:"milliseconds,omitempty"`
	// Nodes are the layers, in an order in which they can be computed.
	Nodes []Node `json:"nodes"`
}

// A Node is a layer of a network.
type Node struct {
	explain.Node
	Milliseconds *float64 `json:"milliseconds,omitempty"`
}

// A Box is a part of a picture: left, top, width and height, in shares of the picture's.
type Box [4]float64

// A Map is the answer to POST /v1/explain.
type Map struct {
	Of
	Method      explain.Method `json:"method"`
	Layer       string         `json:"layer,omitempty"`
	Class       string         `json:"class"`
	Index       int            `json:"index"`
	Score       float64        `json:"score"`
	Probability float64        `json:"probability"`
	// Signed says that 128 stands for 0 in the picture and that what is below speaks against the class. Otherwise 0
	// is 0.
	Signed bool `json:"signed"`
	// Fine says that there is a value for each pixel of the input by itself.
	Fine bool `json:"fine"`
	// Low and High are the values that black and white stand for.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Box is the part of the picture that the map covers.
	Box Box `json:"box"`
	// PNG is the map in grey.
	PNG DataURL `json:"map"`
}

// Features is the answer to POST /v1/features.
type Features struct {
	Of
	Layer string       `json:"layer"`
	Shape tensor.Shape `json:"shape"`
	// Channels are some of the channels, the one with the greatest value first.
	Channels []Channel `json:"channels"`
	// Sheet has their maps, each from its lowest value, black, to its greatest, white.
	Sheet Sheet `json:"sheet"`
}

// A Channel is one of a layer's maps.
type Channel struct {
	Channel int     `json:"channel"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Mean    float64 `json:"mean"`
	// Y and X are the unit that has the greatest value.
	Y int `json:"y"`
	X int `json:"x"`
}

// A Sheet is a picture of tiles of one size, row by row.
type Sheet struct {
	Columns int     `json:"columns"`
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Count   int     `json:"count"`
	PNG     DataURL `json:"image"`
}

// Filters is the answer to GET /v1/filters.
type Filters struct {
	Of
	Layer string `json:"layer"`
	// Shape is that of the weights, outputs × inputs of a group × height × width.
	Shape tensor.Shape `json:"shape"`
	// Colour says that the tiles are filters in the colours of the input; Matrix, that the only tile has a row
	// for each output and a column for each input. Otherwise there is a tile for each output and input.
	Colour bool `json:"colour"`
	Matrix bool `json:"matrix"`
	// Total is how many tiles there are.
	Total int   `json:"total"`
	Sheet Sheet `json:"sheet"`
}

// A Field is the answer to POST /v1/receptive-field.
type Field struct {
	Of
	Layer   string `json:"layer"`
	Channel int    `json:"channel"`
	Y       int    `json:"y"`
	X       int    `json:"x"`
	// Box is the part of the picture that the unit can see, Input the part that the network is given.
	Box   Box `json:"box"`
	Input Box `json:"input"`
	// Width and Height are the size of the field in pixels of the input, where no border cuts it.
	Width  int `json:"width"`
	Height int `json:"height"`
	// Global says that the unit depends on the rest of the input, too.
	Global bool `json:"global"`
	// Activation is the unit's value, and PNG how much each pixel of the input counts for it.
	Activation float64 `json:"activation"`
	PNG        DataURL `json:"map"`
}

// Exciting is the answer to GET /v1/exciting.
type Exciting struct {
	Of
	Layer   string `json:"layer"`
	Channel int    `json:"channel"`
	// Searched is how many of the Total training pictures were looked at.
	Searched int `json:"searched"`
	Total    int `json:"of"`
	// Pictures are the most exciting ones, the first one most.
	Pictures []ExcitingPicture `json:"pictures"`
}

// An ExcitingPicture is a training picture.
type ExcitingPicture struct {
	Index      int     `json:"picture"`
	Class      string  `json:"class"`
	Activation float64 `json:"activation"`
	Y          int     `json:"y"`
	X          int     `json:"x"`
	// Field is what the most excited unit can see.
	Field Box `json:"field"`
	// Tiny says that the picture has few pixels, which are better shown as squares.
	Tiny bool `json:"tiny"`
	// PNG is the picture at the size of the input.
	PNG DataURL `json:"image"`
}
