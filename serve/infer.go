package serve

import (
	"strconv"

	"github.com/strideml/stride/serve/internal/inference"
	"github.com/strideml/stride/serve/internal/protocol"
)

// How much memory a request takes for each byte of its body, beside its input: where tensors are JSON, the text
// once more, which package encoding/json copies twice, and the numbers; where pictures are in a form, a copy of each; and
// where they are in JSON, the text and the pictures.
const (
	tensorsInJSON  = 5
	picturesInForm = 2
	picturesInJSON = 4
)

// infer answers a request of the Open Inference Protocol.
func (h *handler) infer(c *call) error {
	v, err := h.service.AcquireFor(&c.Call, c.r.PathValue("model"), c.r.PathValue("version"))
	if err != nil {
		return err
	}
	defer v.Release()
	length := c.r.Header.Get(protocol.HeaderLength)
	// The body begins where the numbers that follow its JSON are aligned.
	padding, copies := 0, int64(1)
	if n, err := strconv.Atoi(length); err == nil {
		padding = (4 - n&3) & 3
	} else {
		copies = tensorsInJSON
	}
	body, err := h.readBody(c, padding, copies)
	if err != nil {
		return err
	}
	defer body.release()
	r, err := protocol.ParseInferRequest(body.data, length)
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
	buffer := h.buffers.get(0)
	defer func() { h.buffers.put(buffer) }()
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
