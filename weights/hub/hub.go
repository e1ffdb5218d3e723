// Package hub downloads pretrained weights from the Hugging Face hub.
//
// [Known] lists the weights that fit networks of package zoo. [Weights.Get] brings
// those of one network into a model folder (config.json and model.safetensors, in
// timm's layout), which modelfolder.Load and classify.Load read.
//
// The environment's $HF_ENDPOINT names a mirror, and its proxies are used. Size and
// SHA-256 are those that the hub gives for the file (the headers X-Linked-Size and
// X-Linked-Etag); where a mirror gives no SHA-256, only the size is checked. A download
// that was interrupted goes on where it stopped if the hash is known.
package hub

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/download"
	"github.com/strideml/stride/internal/sniff"
)

// Names of the files of a model folder, on the hub and here.
const (
	configFile  = "config.json"
	weightsFile = "model.safetensors"
)

// Weights are pretrained weights on the hub.
type Weights struct {
	// Net is the network's name in package zoo.
	Net string
	// Repo is where they are on the hub: "timm/resnet18.tv_in1k".
	Repo string
	// Parameters is how many numbers there are, running statistics of batch
	// normalizations left out; each takes four bytes.
	Parameters int
	// License is the SPDX name of their licence, as the hub gives it.
	License string
}

// Known returns all weights that are known to fit networks of package zoo. All were
// trained with ImageNet-1k.
//
// timm 1.0.31 names these repositories with their licences as the homes of its models, and its
// models have these numbers of parameters and the names and shapes that zoo.Spec.Timm says.
// Whether a repository still has its files is seen when Get asks for them.
func Known() []Weights {
	return []Weights{
		{"efficientnet-lite0", "timm/tf_efficientnet_lite0.in1k", 4652008, "Apache-2.0"},
		{"efficientnet-lite1", "timm/tf_efficientnet_lite1.in1k", 5416680, "Apache-2.0"},
		{"efficientnet-lite2", "timm/tf_efficientnet_lite2.in1k", 6092072, "Apache-2.0"},
		{"efficientnet-lite3", "timm/tf_efficientnet_lite3.in1k", 8197096, "Apache-2.0"},
		{"efficientnet-lite4", "timm/tf_efficientnet_lite4.in1k", 13006568, "Apache-2.0"},
		{"torchvision/convnext_base", "timm/convnext_base.fb_in1k", 88591464, "Apache-2.0"},
		{"torchvision/convnext_small", "timm/convnext_small.fb_in1k", 50223688, "Apache-2.0"},
		{"torchvision/convnext_tiny", "timm/convnext_tiny.fb_in1k", 28589128, "Apache-2.0"},
		{"torchvision/densenet121", "timm/densenet121.tv_in1k", 7978856, "Apache-2.0"},
		{"torchvision/densenet161", "timm/densenet161.tv_in1k", 28681000, "Apache-2.0"},
		{"torchvision/densenet169", "timm/densenet169.tv_in1k", 14149480, "Apache-2.0"},
		{"torchvision/densenet201", "timm/densenet201.tv_in1k", 20013928, "Apache-2.0"},
		{"torchvision/efficientnet_b0", "timm/efficientnet_b0.ra_in1k", 5288548, "Apache-2.0"},
		{"torchvision/efficientnet_b1", "timm/efficientnet_b1.ft_in1k", 7794184, "Apache-2.0"},
		{"torchvision/efficientnet_b2", "timm/efficientnet_b2.ra_in1k", 9109994, "Apache-2.0"},
		{"torchvision/efficientnet_b3", "timm/efficientnet_b3.ra2_in1k", 12233232, "Apache-2.0"},
		{"torchvision/efficientnet_b4", "timm/efficientnet_b4.ra2_in1k", 19341616, "Apache-2.0"},
		{"torchvision/inception_v3", "timm/inception_v3.tv_in1k", 23834568, "Apache-2.0"},
		{"torchvision/mnasnet1_0", "timm/mnasnet_100.rmsp_in1k", 4383312, "Apache-2.0"},
		{"torchvision/mobilenet_v2", "timm/mobilenetv2_100.ra_in1k", 3504872, "Apache-2.0"},
		{"torchvision/regnet_x_1_6gf", "timm/regnetx_016.tv2_in1k", 9190136, "BSD-3-Clause"},
		{"torchvision/regnet_x_3_2gf", "timm/regnetx_032.tv2_in1k", 15296552, "BSD-3-Clause"},
		{"torchvision/regnet_x_400mf", "timm/regnetx_004_tv.tv2_in1k", 5495976, "BSD-3-Clause"},
		{"torchvision/regnet_x_800mf", "timm/regnetx_008.tv2_in1k", 7259656, "BSD-3-Clause"},
		{"torchvision/regnet_y_1_6gf", "timm/regnety_016.tv2_in1k", 11202430, "BSD-3-Clause"},
		{"torchvision/regnet_y_3_2gf", "timm/regnety_032.tv2_in1k", 19436338, "BSD-3-Clause"},
		{"torchvision/regnet_y_400mf", "timm/regnety_004.tv2_in1k", 4344144, "BSD-3-Clause"},
		{"torchvision/regnet_y_800mf", "timm/regnety_008_tv.tv2_in1k", 6432512, "BSD-3-Clause"},
		{"torchvision/resnet18", "timm/resnet18.tv_in1k", 11689512, "BSD-3-Clause"},
		{"torchvision/resnet34", "timm/resnet34.tv_in1k", 21797672, "BSD-3-Clause"},
		{"torchvision/resnet50", "timm/resnet50.tv_in1k", 25557032, "BSD-3-Clause"},
		{"torchvision/resnext50_32x4d", "timm/resnext50_32x4d.tv_in1k", 25028904, "BSD-3-Clause"},
		{"torchvision/vgg11", "timm/vgg11.tv_in1k", 132863336, "BSD-3-Clause"},
		{"torchvision/vgg11_bn", "timm/vgg11_bn.tv_in1k", 132868840, "BSD-3-Clause"},
		{"torchvision/vgg16", "timm/vgg16.tv_in1k", 138357544, "BSD-3-Clause"},
		{"torchvision/vgg16_bn", "timm/vgg16_bn.tv_in1k", 138365992, "BSD-3-Clause"},
		{"torchvision/wide_resnet50_2", "timm/wide_resnet50_2.tv_in1k", 68883240, "BSD-3-Clause"},
	}
}

// Find returns the known weights of a network; false if there are none.
func Find(net string) (Weights, bool) {
	for _, w := range Known() {
		if strings.EqualFold(w.Net, net) {
			return w, true
		}
	}
	return Weights{}, false
}

// Dir is the folder where Get puts the weights by default: stride/weights/NET in
// the user's cache folder, beside the datasets. It fails where the system has no such
// folder.
func (w Weights) Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w", err)
	}
	return filepath.Join(cache, "stride", "weights", filepath.FromSlash(w.Net)), nil
}

// Cached returns the folder of Dir if it has the weights, "" otherwise.
func (w Weights) Cached() string {
	dir, err := w.Dir()
	if err != nil {
		return ""
	}
	for _, name := range []string{configFile, weightsFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return ""
		}
	}
	return dir
}

// Endpoint is the address of the hub or of its mirror: $HF_ENDPOINT, or else
// https://huggingface.co.
func Endpoint() string {
	if named := strings.TrimRight(os.Getenv("HF_ENDPOINT"), "/"); named != "" {
		return named
	}
	return "https://huggingface.co"
}

// Options are the choices of Get. The zero value is a good default.
type Options struct {
	// Dir is the folder to make; "" means that of Weights.Dir.
	Dir string
	// Endpoint is the address of the hub; "" means Endpoint().
	Endpoint string
	// Progress, if not nil, is told how many bytes of the weights are there.
	Progress func(done, total int64)
	// client is what tests replace.
	client *download.Client
}

const (
	maxConfig  = 1 << 20
	maxWeights = 4 << 30
	// attempts is how often a transfer that breaks off is taken up again.
	attempts = 4
)

// Get downloads weights and returns their folder. Files that are there with the
// hub's size and SHA-256 are kept. Each file appears when it is whole. Errors name
// the address and what is wrong with what it sent.
func (w Weights) Get(ctx context.Context, o Options) (dir string, err error) {
	if dir = o.Dir; dir == "" {
		if dir, err = w.Dir(); err != nil {
			return "", err
		}
	}
	if err := download.CheckFolder(dir); err != nil {
		return "", err
	}
	if o.Endpoint == "" {
		o.Endpoint = Endpoint()
	}
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
	client := download.New()
	if o.client != nil {
		client = *o.client
	}
	defer client.HTTP.CloseIdleConnections()
	base, err := url.Parse(o.Endpoint)
	if err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "" {
		return "", fmt.Errorf("the address of the hub is %q: want one such as https://huggingface.co", o.Endpoint)
	}
	from := base.JoinPath(w.Repo, "resolve", "main")
	address := from.JoinPath(weightsFile).String()
	file, err := describe(ctx, client, address)
	if err != nil {
		return "", err
	}
	config, err := readConfig(ctx, client, from.JoinPath(configFile).String())
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	path := filepath.Join(dir, weightsFile)
	if file.SHA256 == "" || !file.IsAt(path) {
		addresses := make([]string, attempts)
		for i := range addresses {
			addresses[i] = address
		}
		if err := client.Fetch(ctx, addresses, path, file, func(done int64) { o.Progress(done, file.Size) }); err != nil {
			return "", err
		}
	}
	o.Progress(file.Size, file.Size)
	return dir, atomicfile.WriteBytes(filepath.Join(dir, configFile), config)
}

// Remove removes the two files from a folder that Get made, for weights that turn
// out to be others than expected.
func Remove(dir string) error {
	var failures []error
	for _, name := range []string{configFile, weightsFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// describe asks for the size and the hash of a file. The hub answers with a
// redirection to where its contents are, which says both; mirrors may
// redirect to the hub first.
func describe(ctx context.Context, c download.Client, address string) (f download.File, err error) {
	const redirections = 6
	asking := *c.HTTP
	asking.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	at, err := url.Parse(address)
	if err != nil {
		return f, err
	}
	for range redirections {
		response, err := request(ctx, &asking, c.Stall, http.MethodHead, at.String())
		if err != nil {
			return f, err
		}
		response.Body.Close()
		header := response.Header
		if sum := hash(header.Get("X-Linked-Etag")); sum != "" {
			f.SHA256 = sum
		}
		if n, err := strconv.ParseInt(header.Get("X-Linked-Size"), 10, 64); err == nil {
			f.Size = n
		}
		moved := response.StatusCode >= 300 && response.StatusCode < 400
		if moved && (f.SHA256 == "" || f.Size == 0) {
			next, err := at.Parse(header.Get("Location"))
			if err != nil || next.Scheme != "https" && next.Scheme != at.Scheme || next.Host == "" {
				return f, fmt.Errorf("%s: %s to %q, which is not followed", at, response.Status, header.Get("Location"))
			}
			at = next
			continue
		}
		switch {
		case !moved && response.StatusCode != http.StatusOK:
			return f, fmt.Errorf("%s: %s", at, response.Status)
		case !moved && strings.HasPrefix(header.Get("Content-Type"), "text/html"):
			return f, fmt.Errorf("%s: the server has an HTML page in place of the file; does it need a login?", at)
		case f.Size == 0:
			f.Size = response.ContentLength
		}
		if f.Size < 1 || f.Size > maxWeights {
			return f, fmt.Errorf("%s: the server gives a size of %d bytes: want 1 to %d", at, f.Size, int64(maxWeights))
		}
		return f, nil
	}
	return f, fmt.Errorf("%s: more than %d redirections", address, redirections)
}

// hash returns the SHA-256 in an ETag, "" if it is none.
func hash(tag string) string {
	sum := strings.ToLower(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`))
	if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 {
		return ""
	}
	return sum
}

// readConfig fetches config.json.
func readConfig(ctx context.Context, c download.Client, address string) ([]byte, error) {
	response, err := request(ctx, c.HTTP, c.Stall, http.MethodGet, address)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", address, response.Status)
	}
	b, err := io.ReadAll(io.LimitReader(response.Body, maxConfig+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", address, err)
	case len(b) > maxConfig:
		return nil, fmt.Errorf("%s: more than %d bytes came", address, maxConfig)
	}
	if !json.Valid(b) {
		what := sniff.Describe(b)
		if what == "" {
			what = "no JSON"
		}
		return nil, fmt.Errorf("%s: what came is %s", address, what)
	}
	return b, nil
}

// request sends a request without a body. Reading all of the response's body must
// not take longer than limit, either.
func request(parent context.Context, c *http.Client, limit time.Duration, method, address string) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(parent, limit, fmt.Errorf("%s: no answer for %v", address, limit))
	r, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	r.Header.Set("Accept-Encoding", "identity")
	response, err := c.Do(r)
	if err != nil {
		defer cancel()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	}
	response.Body = &body{response.Body, cancel}
	return response, nil
}

// body ends the request's context when it is closed.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
