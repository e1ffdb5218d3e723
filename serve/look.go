package serve

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/strideml/stride/explain"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/serve/internal/inference"
	"github.com/strideml/stride/serve/internal/look"
	"github.com/strideml/stride/serve/internal/page"
	"github.com/strideml/stride/serve/internal/repository"
)

// pageRoutes are those of the page, and those that it asks what is inside a network.
var pageRoutes = []route{
	{"GET", "/", (*handler).page},
	{"GET", "/page/{file}", (*handler).page},
	{"GET", "/v1/network", (*handler).network},
	{"POST", "/v1/explain", (*handler).explain},
	{"POST", "/v1/features", (*handler).features},
	{"GET", "/v1/filters", (*handler).filters},
	{"POST", "/v1/receptive-field", (*handler).receptiveField},
	{"GET", "/v1/exciting", (*handler).exciting},
}

// TrainingData are the pictures that a model was trained with, as the network is given them.
type TrainingData interface {
	// Len returns the number of pictures.
	Len() int
	// Read writes the network's input of picture i, C×H×W values, and returns its label.
	Read(i int, input []float32) (label int, err error)
}

// page answers with a file of the page.
func (h *handler) page(c *call) error {
	page.Site().ServeHTTP(c, c.r)
	return nil
}

// newLooker makes what looks inside networks.
func newLooker(models *Models, o HandlerOptions) *look.Looker {
	options := look.Options{CPU: models.options.CPU, Device: models.options.Device, Wait: o.Timeout}
	if o.Training != nil {
		options.Training = func(ctx context.Context, m *modelfolder.Model) (look.Dataset, error) { return o.Training(ctx, m) }
	}
	return look.New(options)
}

// A looking is a request to look inside a network.
type looking struct {
	*call
	v       *repository.Version
	picture look.Picture
	numbers error // the first number that cannot be read
}

// lookInto acquires the model that a request names, and reads its picture if it is to have one. The caller
// must release the model.
func (h *handler) lookInto(c *call, pictured bool) (q *looking, err error) {
	q = &looking{call: c}
	query := c.r.URL.Query()
	if q.v, err = h.chosenModel(query.Get("model"), query.Get("version")); err != nil {
		return nil, err
	}
	c.Model, c.Version = q.v.Name, q.v.Number
	if pictured {
		if q.picture, err = h.onePicture(c, q.v); err != nil {
			q.v.Release()
			return nil, err
		}
	}
	return q, nil
}

// onePicture reads and decodes the only picture of a request.
func (h *handler) onePicture(c *call, v *repository.Version) (p look.Picture, err error) {
	files, release, err := h.readPictures(c)
	if err != nil {
		return p, err
	}
	defer release()
	if len(files) > 1 {
		return p, inference.Refuse(http.StatusBadRequest, "the request has %d pictures: want one", len(files))
	}
	values, sources, err := h.service.Decode(c.r.Context(), &c.Call, v, files)
	if err != nil {
		return p, err
	}
	return look.Picture{Input: values, Size: sources[0].Size}, nil
}

// text returns a parameter.
func (q *looking) text(name string) string { return q.r.URL.Query().Get(name) }

// number returns a parameter that is a number.
func (q *looking) number(name string, otherwise int) int {
	text := q.text(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil && q.numbers == nil {
		q.numbers = inference.Refuse(http.StatusBadRequest, "%s is %.40q: want a whole number", name, text)
	}
	return n
}

func (h *handler) network(c *call) error {
	q, err := h.lookInto(c, false)
	if err != nil {
		return err
	}
	defer q.v.Release()
	answer, err := h.looker.Network(c.r.Context(), q.v, q.text("time") != "")
	return q.reply(answer, err)
}

func (h *handler) explain(c *call) error {
	q, err := h.lookInto(c, true)
	if err != nil {
		return err
	}
	defer q.v.Release()
	r := look.ExplainRequest{Method: explain.Method(q.text("method")), Layer: q.text("layer"), Class: q.number("class", explain.Predicted)}
	if q.numbers != nil {
		return q.numbers
	}
	if accept := c.r.Header.Get("Accept"); strings.Contains(accept, "image/png") && !strings.Contains(accept, "json") {
		file, err := h.looker.Draw(c.r.Context(), q.v, q.picture, r)
		if err != nil {
			return err
		}
		c.Header().Set("Content-Type", "image/png")
		if _, err := c.Write(file); err != nil {
			return inference.ErrGone
		}
		return nil
	}
	answer, err := h.looker.Explain(c.r.Context(), q.v, q.picture, r)
	return q.reply(answer, err)
}

func (h *handler) features(c *call) error {
	q, err := h.lookInto(c, true)
	if err != nil {
		return err
	}
	defer q.v.Release()
	from, count := q.number("from", 0), q.number("count", 64)
	if q.numbers != nil {
		return q.numbers
	}
	answer, err := h.looker.Features(c.r.Context(), q.v, q.picture, q.text("layer"), from, count)
	return q.reply(answer, err)
}

func (h *handler) filters(c *call) error {
	q, err := h.lookInto(c, false)
	if err != nil {
		return err
	}
	defer q.v.Release()
	from, count := q.number("from", 0), q.number("count", 64)
	if q.numbers != nil {
		return q.numbers
	}
	answer, err := h.looker.Filters(q.v, q.text("layer"), from, count)
	return q.reply(answer, err)
}

func (h *handler) receptiveField(c *call) error {
	q, err := h.lookInto(c, true)
	if err != nil {
		return err
	}
	defer q.v.Release()
	channel, y, x := q.number("channel", 0), q.number("y", 0), q.number("x", 0)
	if q.numbers != nil {
		return q.numbers
	}
	answer, err := h.looker.ReceptiveField(c.r.Context(), q.v, q.picture, q.text("layer"), channel, y, x)
	return q.reply(answer, err)
}

func (h *handler) exciting(c *call) error {
	q, err := h.lookInto(c, false)
	if err != nil {
		return err
	}
	defer q.v.Release()
	channel := q.number("channel", 0)
	if q.numbers != nil {
		return q.numbers
	}
	answer, err := h.looker.Exciting(c.r.Context(), q.v, q.text("layer"), channel)
	return q.reply(answer, err)
}

// reply answers with a message of package look, unless err is not nil.
func (q *looking) reply(answer any, err error) error {
	if err != nil {
		return err
	}
	return q.answer(answer)
}
