package live_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/internal/traintest"
	"github.com/strideml/stride/train/live"
	"github.com/strideml/stride/train/observe"
	"github.com/strideml/stride/train/runfolder"
)

func TestPastRun(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "first")
	runIn(t, dir, nil)
	before := traintest.Files(t, dir)
	url := site(t, live.Options{Folder: root})

	var list []map[string]any
	get(t, url+"/api/runs", &list)
	if len(list) != 1 || list[0]["run"] != "first" || list[0]["state"] != "finished" || list[0]["done"] != 4. || list[0]["of"] != 4. || list[0]["net"] != "tiny" {
		t.Errorf("%v", list)
	}
	var info map[string]any
	get(t, url+"/api/info", &info)
	if info["stop"] != false || info["token"] != nil || info["own"] != nil {
		t.Errorf("%v", info)
	}
	e := listen(t, url+"/api/events?run=first", "").next()
	if !e.Reset || e.State != "finished" || len(e.Rows) != 4 || e.Points.Len() != 16 || !slices.Equal(e.Epochs, []int{1, 2, 3, 4}) || !slices.Equal(e.Probes, e.Epochs) || e.Now != nil || e.Of != 4 {
		t.Errorf("%+v", e)
	}
	var details struct {
		Classes  []string
		Settings map[string]any
	}
	get(t, url+"/api/run?run=first", &details)
	if !slices.Equal(details.Classes, []string{"top", "middle", "bottom"}) || details.Settings["batch_size"] != 8. || details.Settings["classes"] != nil {
		t.Errorf("%+v", details)
	}
	var epoch observe.Epoch
	get(t, url+"/api/epoch?run=first&epoch=2", &epoch)
	if epoch.Epoch != 2 || epoch.Confusion == nil || len(epoch.Chosen) != 8 {
		t.Errorf("%+v", epoch)
	}
	var chosen struct {
		Images []observe.Image
		Epochs []observe.Epoch
	}
	get(t, url+"/api/chosen?run=first", &chosen)
	if len(chosen.Images) != 8 || len(chosen.Epochs) != 4 || len(chosen.Epochs[3].Chosen) != 8 || !strings.HasPrefix(chosen.Images[0].Picture, "data:image/png;base64,") {
		t.Errorf("%+v", chosen)
	}
	var probes []observe.Probe
	get(t, url+"/api/dead?run=first", &probes)
	if len(probes) != 4 || len(probes[0].Dead) != 1 {
		t.Errorf("%+v", probes)
	}
	var parameters []observe.Parameter
	get(t, url+"/api/parameter?run=first&name=0.weight", &parameters)
	if len(parameters) != 4 || parameters[3].Gradients == nil {
		t.Errorf("%+v", parameters)
	}
	if after := traintest.Files(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("reading changed a run from %v to %v", before, after)
	}
	// The folder of the run itself.
	get(t, site(t, live.Options{Folder: dir})+"/api/info", &info)
	if info["own"] != "first" || info["one"] != true {
		t.Errorf("%v", info)
	}
}

// A stream that was cut off goes on where it was, and begins again where that is no longer possible.
func TestLastEventID(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "run")
	runIn(t, dir, nil)
	url := site(t, live.Options{Folder: root}) + "/api/events?run=run"
	first := listen(t, url, "").next()
	again := listen(t, url, first.ID).next()
	if again.Reset || len(again.Rows) != 0 || again.Points.Len() != 0 || again.ID != first.ID {
		t.Errorf("%+v", again)
	}
	fields := strings.Split(first.ID, ".")
	less := slices.Clone(fields)
	less[2], less[3], less[4] = "6", "0", "0" // of 16 points, and no rows
	if e := listen(t, url, strings.Join(less, ".")).next(); e.Reset || e.Points.Len() != 10 || e.Points.Step[0] != 7 || len(e.Rows) != 4 {
		t.Errorf("%+v", e)
	}
	for i, other := range []string{"1", "2", "17", "5", "1", "1"} {
		changed := slices.Clone(fields)
		changed[i] = other
		if e := listen(t, url, strings.Join(changed, ".")).next(); !e.Reset || e.Points.Len() != 16 || len(e.Rows) != 4 {
			t.Errorf("%v: %+v", changed, e)
		}
	}
	for _, junk := range []string{"x", "-1.-1.-1.-1.-1.-1", "1.2.3", strings.Repeat("9", 400), "_", first.ID + "_" + first.ID} {
		if e := listen(t, url, junk).next(); !e.Reset {
			t.Errorf("%q: %+v", junk, e)
		}
	}
}

// A training of this program is followed as it happens, saved and stopped.
func TestTrainingLive(t *testing.T) {
	t.Parallel()
	config := traintest.Config(filepath.Join(t.TempDir(), "run"))
	config.Epochs = 1000
	go_ := make(chan struct{}, 100_000) // a step for each element
	config.Callbacks.OnStep = func(train.StepInfo) { <-go_ }
	model, trainSet, testSet := traintest.Tiny(t, 3), traintest.Bars(28), traintest.Bars(10)
	recorder, err := observe.Attach(&config, model, trainSet, testSet, observe.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the page says so")
	ctx, controller := live.Control(t.Context(), &config, cause)
	handler, url := siteOf(t, live.Options{Folder: config.Dir, Recorder: recorder, Controller: controller})
	done := make(chan error, 1)
	go func() {
		_, err := train.Fit(ctx, model, trainSet, testSet, config)
		controller.Close()
		done <- errors.Join(err, recorder.Close())
	}()
	var info map[string]any
	get(t, url+"/api/info", &info)
	if info["own"] != "run" || info["stop"] != true {
		t.Errorf("%v", info)
	}
	token := info["token"].(string)
	events := listen(t, url+"/api/events?run=run", "")
	for range 6 {
		go_ <- struct{}{}
	}
	var e event
	points, rows := 0, 0
	until := func(ok func() bool) {
		t.Helper()
		for n := 0; !ok(); n++ {
			if e = events.next(); e.Reset {
				points, rows = 0, 0
			}
			points, rows = points+e.Points.Len(), rows+len(e.Rows)
			if n > 100 {
				t.Fatalf("%+v", e)
			}
		}
	}
	until(func() bool { return points == 7 && rows == 1 }) // the step that waits is done
	if e.State != "running" || e.Now == nil || e.Now.Step != 7 || e.Now.Epoch != 2 || e.Now.Epochs != 1000 || !(e.Now.Left > 0) {
		t.Errorf("%+v, %+v", e, e.Now)
	}
	// Without the token, and from other pages, nothing is changed.
	for _, c := range []struct {
		path   string
		status int
		header []string
	}{
		{"/api/stop?when=now", 403, nil},
		{"/api/stop?when=now", 403, []string{"X-Stride-Token", "guess"}},
		{"/api/stop?when=now", 403, []string{"X-Stride-Token", token, "Origin", "https://example.com"}},
		{"/api/stop?when=now", 403, []string{"X-Stride-Token", token, "Sec-Fetch-Site", "cross-site"}},
		{"/api/stop?when=now", 403, []string{"X-Stride-Token", token, "Host", "example.com"}},
		{"/api/stop?when=soon", 400, []string{"X-Stride-Token", token}},
	} {
		if status, answer := ask(t, "POST", url+c.path, c.header...); status != c.status {
			t.Errorf("%s %v: %d %v", c.path, c.header, status, answer)
		}
	}
	if response, err := http.Get(url + "/api/stop?when=now"); err != nil || response.StatusCode != http.StatusMethodNotAllowed && response.StatusCode != http.StatusNotFound {
		t.Errorf("GET stops: %v %v", response.Status, err)
	}
	time.AfterFunc(50*time.Millisecond, func() { go_ <- struct{}{} })
	if status, answer := ask(t, "POST", url+"/api/save", "X-Stride-Token", token); status != 200 || answer.(map[string]any)["saved"] != "checkpoint-7.safetensors" {
		t.Errorf("%d %v", status, answer)
	}
	if run, err := runfolder.Read(config.Dir); err != nil || run.History.Steps != 7 {
		t.Errorf("%+v, %v", run, err)
	}
	for _, when := range []string{"epoch", "never", "epoch"} {
		want := when
		if when == "never" {
			want = ""
		}
		if status, answer := ask(t, "POST", url+"/api/stop?when="+when, "X-Stride-Token", token); status != 200 || answer.(map[string]any)["stopping"] != want {
			t.Errorf("%d %v", status, answer)
		}
	}
	close(go_)
	if err := <-done; !errors.Is(err, train.ErrInterrupted) || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	settled := make(chan time.Duration, 1)
	go func() {
		began := time.Now()
		handler.Settle(100*time.Millisecond, 10*time.Second)
		settled <- time.Since(began)
	}()
	until(func() bool { return e.Ended })
	if took := <-settled; took < 100*time.Millisecond || took > 5*time.Second {
		t.Errorf("pages had %v to fetch the end", took)
	}
	if e.State != "interrupted" || rows != 2 || points != 8 {
		t.Errorf("%+v, %d rows, %d points", e, rows, points)
	}
	if run, err := runfolder.Read(config.Dir); err != nil || run.History.Steps != 8 || len(run.History.Rows) != 2 {
		t.Errorf("%+v, %v", run, err)
	}
	if status, _ := ask(t, "POST", url+"/api/save", "X-Stride-Token", token); status != http.StatusConflict {
		t.Errorf("status %d after the end", status)
	}
}

// The training of another process is followed by its files: killed, resumed, removed.
func TestFollowsFiles(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "run")
	ctx, cancel := context.WithCancel(t.Context())
	runUntil := func(step int, resume bool) {
		t.Helper()
		config := traintest.Config(dir)
		config.Resume = resume
		config.Callbacks.OnStep = func(s train.StepInfo) {
			if s.Step == step {
				cancel()
			}
		}
		model, trainSet, testSet := traintest.Tiny(t, 3), traintest.Bars(28), traintest.Bars(10)
		recorder, err := observe.Attach(&config, model, trainSet, testSet, observe.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := train.Fit(ctx, model, trainSet, testSet, config); err != nil && !errors.Is(err, train.ErrInterrupted) {
			t.Fatal(err)
		}
		if err := recorder.Close(); err != nil {
			t.Fatal(err)
		}
	}
	runUntil(6, false)
	events := listen(t, site(t, live.Options{Folder: root})+"/api/events?run=run", "")
	e := events.next()
	if e.State != "interrupted" || len(e.Rows) != 1 || e.Points.Len() != 6 {
		t.Errorf("%+v", e)
	}
	ctx = t.Context()
	runUntil(0, true)
	points, rows := 0, 0
	for e.State != "finished" || rows < 4 || points < 16 {
		if e = events.next(); e.Reset {
			points, rows = 0, 0
		}
		points, rows = points+e.Points.Len(), rows+len(e.Rows)
	}
	if points != 16 || rows != 4 {
		t.Errorf("%d points, %d rows", points, rows)
	}
	if err := os.WriteFile(filepath.Join(dir, "state.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	for e.State != "damaged" {
		e = events.next()
	}
	if !strings.Contains(e.Error, "state.json is damaged") {
		t.Errorf("%+v", e)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for e.State != "gone" {
		e = events.next()
	}
}

// A run without observations has the curves that its history has.
func TestUnobserved(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	config := traintest.Config(filepath.Join(root, "run"))
	if _, err := train.Fit(t.Context(), traintest.Tiny(t, 3), traintest.Bars(28), nil, config); err != nil {
		t.Fatal(err)
	}
	url := site(t, live.Options{Folder: root})
	if e := listen(t, url+"/api/events?run=run", "").next(); len(e.Rows) != 4 || e.Points.Len() != 12 || e.Points.Step[0] != 1 || len(e.Epochs)+len(e.Probes) != 0 {
		t.Errorf("%+v", e)
	}
	var list []any
	get(t, url+"/api/dead?run=run", &list)
	if len(list) != 0 {
		t.Errorf("%v", list)
	}
	for path, status := range map[string]int{"/api/epoch?run=run&epoch=1": 404, "/api/probe?run=run&epoch=1": 404, "/api/epoch?run=run&epoch=x": 400, "/api/epoch?run=run&epoch=-1": 400} {
		if got, answer := ask(t, "GET", url+path); got != status || answer.(map[string]any)["error"] == "" {
			t.Errorf("%s: %d %v", path, got, answer)
		}
	}
}

// Of a run of very many epochs there are some thousand rows, evenly spread.
func TestManyEpochs(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "long")
	f, err := runfolder.Create(dir, runfolder.Settings{Version: 1, Net: "tiny", Input: []int{1, 6, 6}, Classes: []string{"a", "b", "c"}, TrainImages: 8, Epochs: 20_000, BatchSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	p := runfolder.Position{Version: 1, Epoch: 10_000, Step: 10_000}
	for i := range 10_000 {
		p.Rows = append(p.Rows, runfolder.Row{Epoch: i + 1, TrainLoss: 1, Seconds: 1, ImagesPerSecond: 1})
	}
	if _, err := f.Save(&p, traintest.Tiny(t, 1), new(optim.State)); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e := listen(t, site(t, live.Options{Folder: root})+"/api/events?run=long", "").next()
	if e.State != "running" || e.Done != 10_000 || len(e.Rows) != 2500 || e.Rows[0].Epoch != 4 || e.Rows[2499].Epoch != 10_000 {
		t.Errorf("%s, %d of %d rows, %+v", e.State, len(e.Rows), e.Done, e.Rows[0])
	}
}

// Several runs are compared, and followed by one stream.
func TestCompare(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	runIn(t, filepath.Join(root, "a"), nil)
	runIn(t, filepath.Join(root, "b<i>"), func(c *train.Config) { c.LearningRate, c.Data = 0.1, "<script>alert(1)</script>\x1b[2J" })
	url := site(t, live.Options{Folder: root})
	var differences []map[string]any
	get(t, url+"/api/compare?run=a&run=b%3Ci%3E", &differences)
	var settings []string
	for _, d := range differences {
		settings = append(settings, fmt.Sprint(d["setting"], d["values"]))
	}
	want := []string{`data[bars <script>alert(1)</script>\u001b[2J]`, "learning_rate[0.2 0.1]"}
	if !slices.Equal(settings, want) {
		t.Errorf("%q, want %q", settings, want)
	}
	events := listen(t, url+"/api/events?run=a&run=b%3Ci%3E", "")
	a := events.next()
	for a.ID == "" || strings.Contains(a.ID, "-") { // both are there
		a = events.next()
	}
	if e := listen(t, url+"/api/events?run=a&run=b%3Ci%3E", a.ID).next(); e.Reset || e.Points.Len() != 0 {
		t.Errorf("%+v", e)
	}
	for path, status := range map[string]int{
		"/api/events": 400, "/api/events?run=nowhere": 404, "/api/events?run=a&run=a": 400, "/api/events?run=../live": 404, "/api/events?" + strings.Repeat("run=a&", 13): 400,
		"/api/run?run=a&run=b%3Ci%3E": 400, "/api/run?run=/etc": 404, "/api/parameter?run=.": 404,
	} {
		if got, answer := ask(t, "GET", url+path); got != status {
			t.Errorf("%s: %d %v", path, got, answer)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "a", "config.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, answer := ask(t, "GET", url+"/api/compare?run=a&run=b%3Ci%3E"); status != http.StatusConflict || !strings.Contains(fmt.Sprint(answer), "damaged") {
		t.Errorf("%d %v", status, answer)
	}
}

// Requests by names of other sites are refused, unless that is allowed; pages cannot be framed.
func TestSafety(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	url := site(t, live.Options{Folder: root})
	if status, _ := ask(t, "GET", url+"/api/runs", "Host", "rebound.example.com"); status != http.StatusForbidden {
		t.Errorf("status %d", status)
	}
	if status, _ := ask(t, "GET", site(t, live.Options{Folder: root, AnyHost: true})+"/api/runs", "Host", "machine.example.com"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	for _, path := range []string{"/", "/app.js", "/api/runs", "/api/run?run=x"} {
		response, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		policy := response.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || response.Header.Get("X-Content-Type-Options") != "nosniff" || response.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: %v", path, response.Header)
		}
	}
	if status, answer := ask(t, "POST", url+"/api/stop?when=now"); status != http.StatusNotFound {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := ask(t, "GET", site(t, live.Options{Folder: filepath.Join(root, "nowhere")})+"/api/runs"); status != http.StatusNotFound {
		t.Errorf("%d %v", status, answer)
	}
}

// The page has no script and no style in its HTML, loads nothing from other sites, and its scripts set no HTML.
func TestPageFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("page/*.*")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "https://", "style=", "onclick=", "javascript:"} {
			if bytes.Contains(b, []byte(bad)) {
				t.Errorf("%s has %s", path, bad)
			}
		}
		if lines := bytes.Count(b, []byte("\n")); lines > 600 {
			t.Errorf("%s has %d lines", path, lines)
		}
	}
}

// Clients that go away, and one that reads nothing, leave no goroutines and hold nobody up.
func TestNoLeaks(t *testing.T) {
	root := t.TempDir()
	runIn(t, filepath.Join(root, "run"), nil)
	h, err := live.New(live.Options{Folder: root})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	before := runtime.NumGoroutine()
	for range 20 {
		e := listen(t, s.URL+"/api/events?run=run", "")
		e.next()
		e.stop()
	}
	mute, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(mute, "GET /api/events?run=run HTTP/1.1\r\nHost: localhost\r\n\r\n")
	other := listen(t, s.URL+"/api/events?run=run", "")
	other.next()
	other.stop()
	mute.Close()
	for until := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			b := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before: %s", runtime.NumGoroutine(), before, b[:runtime.Stack(b, true)])
		}
	}
	last := listen(t, s.URL+"/api/events?run=run", "")
	last.next()
	h.Close()
	if _, err := io.ReadAll(last.lines); err != nil {
		t.Errorf("the stream does not end: %v", err)
	}
	s.Close()
}

func ExampleNew() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	images := traintest.Bars(24)
	model := traintest.Tiny(new(testing.T), 1)
	config := train.Config{Epochs: 3, BatchSize: 8, LearningRate: 0.1, Dir: dir}
	recorder, err := observe.Attach(&config, model, images, images, observe.Options{})
	if err != nil {
		panic(err)
	}
	ctx, controller := live.Control(context.Background(), &config, nil)
	handler, err := live.New(live.Options{Folder: dir, Recorder: recorder, Controller: controller})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(handler) // or http.ListenAndServe("127.0.0.1:8090", handler)
	defer server.Close()
	defer handler.Close()

	history, err := train.Fit(ctx, model, images, images, config)
	controller.Close()
	if err := errors.Join(err, recorder.Close()); err != nil {
		panic(err)
	}
	response, err := http.Get(server.URL + "/api/runs")
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	fmt.Println(response.Status, len(history.Rows), "epochs")
	// Output: 200 OK 3 epochs
}
