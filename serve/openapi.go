package serve

import (
	_ "embed"

	"github.com/strideml/stride/serve/internal/inference"
)

// openAPIText describes the routes, as OpenAPI 3.1.
//
//go:embed openapi.json
var openAPIText []byte

func (h *handler) openAPI(c *call) error {
	c.Header().Set("Content-Type", "application/json")
	if _, err := c.Write(openAPIText); err != nil {
		return inference.ErrGone
	}
	return nil
}
