package serve

import (
	"strconv"

	"github.com/strideml/stride/serve/internal/inference"
	"github.com/strideml/stride/serve/internal/protocol"
)

// infer answers a request of the Open Inference Protocol.
func (h *handler) infer(c *call) error {
	v, err := h.service.AcquireFor(&c.Call, c.r.PathValue("model"), c.r.PathValue("version"))
	if err != nil {
		return err
	}
	defer v.Release()
	buffer := h.buffers.get()
	defer h.buffers.put(buffer)
	length := c.r.Header.Get(protocol.HeaderLength)
	// The body begins where the numbers that follow its JSON are aligned.
	padding := 0
	if n, err := strconv.Atoi(length); err == nil {
		padding = (4 - n&3) & 3
	}
	body, err := h.readBody(c, append(*buffer, make([]byte, padding)...))
	if err != nil {
		return err
	}
	*buffer = body // which may have grown
	r, err := protocol.ParseInferRequest(body[padding:], length)
	if err != nil {
		return bad(err)
	}
	answer, err := h.service.Infer(c.r.Context(), &c.Call, v, r)
	if err != nil {
		return err
	}
	return h.answerInfer(c, answer)
}

// answerInfer writes the answer.
func (h *handler) answerInfer(c *call, answer *protocol.InferResponse) error {
	buffer := h.buffers.get()
	defer h.buffers.put(buffer)
	message, header, err := answer.Append(*buffer)
	if err != nil {
		return bad(err)
	}
	*buffer = message
	if header > 0 {
		c.Header().Set("Content-Type", "application/octet-stream")
		c.Header().Set(protocol.HeaderLength, strconv.Itoa(header))
	} else {
		c.Header().Set("Content-Type", "application/json")
	}
	c.Header().Set("Content-Length", strconv.Itoa(len(message)))
	if _, err := c.Write(message); err != nil {
		return inference.ErrGone
	}
	return nil
}
