package metrics

import (
	"container/heap"
	"fmt"
	"math"
	"slices"
)

// CollectorConfig says what a Collector keeps. The zero value is a good default.
type CollectorConfig struct {
	// TopK are the k of the top-k accuracies; nil means 1 and, for more than 5
	// classes, 5.
	TopK []int
	// Bins is the number of bins of the reliability diagram; 0 means DefaultBins.
	Bins int
	// Worst is how many mistakes are kept; 0 means 48.
	Worst int
	// MaxScores bounds the memory for ROC-AUC and average precision, the only
	// metrics that need all probabilities: 4 bytes for each image and class. The
	// default, 0, means 64 Mi probabilities (256 MiB), which is 67,000 images of
	// 1,000 classes. For more, they are NaN.
	MaxScores int
}

// A Collector measures a classifier image by image. Its memory does not grow with
// the number of images but for MaxScores.
type Collector struct {
	config    CollectorConfig
	confusion *ConfusionMatrix
	hits      []int // of each k
	loss      float64
	brier     float64
	bins      *Reliability
	worst     mistakes

	row    []float64   // probabilities of an image
	scores [][]float32 // in blocks of rows
	labels []int
	full   bool // more than MaxScores: scores and labels are gone
}

// A Mistake is an image that was predicted wrong.
type Mistake struct {
	// Item is the number that the image was added with.
	Item int
	// Label and Predicted are indices of classes.
	Label, Predicted int
	// Probability is that of the predicted class, LabelProbability that of the
	// label, 0 to 1.
	Probability, LabelProbability float64
	// Loss is −ln LabelProbability.
	Loss float64
}

// A Summary is what a Collector has measured.
type Summary struct {
	// Images is how many there were. Without any, all other numbers are 0 or NaN.
	Images int
	// Confusion counts labels against predictions.
	Confusion *ConfusionMatrix
	// Accuracy is the share of images whose class was predicted, 0 to 1.
	Accuracy float64
	// TopK has the share of images whose label is among the k most probable
	// classes, in the order of CollectorConfig.TopK.
	TopK []TopKAccuracy
	// Macro and Weighted are means over classes.
	Macro, Weighted Average
	// LogLoss is the mean of −ln p of the label: cross-entropy. Of logits it is exact
	// however small p is; scikit-learn's log_loss takes p to be at least 2⁻⁵².
	LogLoss float64
	// Brier is the mean over images of Σ over classes (p − 1 if it is the label,
	// else p)², 0 to 2 (Brier, 1950). For two classes it is twice the score that
	// scikit-learn computes by default.
	Brier float64
	// Reliability compares confidence and accuracy.
	Reliability *Reliability
	// ROCAUC and AveragePrecision have a number for each class against all others
	// together; NaN where it is not defined, because the class never or always
	// occurs, and where there were more scores than MaxScores.
	ROCAUC, AveragePrecision []float64
	// MacroROCAUC and MacroAveragePrecision are means over the classes for which
	// the number is defined; NaN if there are none.
	MacroROCAUC, MacroAveragePrecision float64
	// Unranked says that there were more scores than MaxScores.
	Unranked bool
	// Worst has the mistakes with the highest loss, highest first.
	Worst []Mistake
}

// TopKAccuracy is the share of images, 0 to 1, whose label is among the K most
// probable classes.
type TopKAccuracy struct {
	K        int     `json:"k"`
	Accuracy float64 `json:"accuracy"`
}

// NewCollector returns a Collector for the named classes. It is an error if there
// are none or a k is below 1.
func NewCollector(classes []string, config CollectorConfig) (*Collector, error) {
	if len(classes) == 0 {
		return nil, fmt.Errorf("there are no classes")
	}
	if config.TopK == nil {
		config.TopK = []int{1}
		if len(classes) > 5 {
			config.TopK = []int{1, 5}
		}
	}
	if len(config.TopK) > 0 && slices.Min(config.TopK) < 1 {
		return nil, fmt.Errorf("top-%d accuracy: want at least top-1", slices.Min(config.TopK))
	}
	if config.Worst == 0 {
		config.Worst = 48
	}
	if config.MaxScores == 0 {
		config.MaxScores = 64 << 20
	}
	return &Collector{
		config: config, confusion: NewConfusionMatrix(classes), hits: make([]int, len(config.TopK)),
		bins: NewReliability(config.Bins), row: make([]float64, len(classes)),
	}, nil
}

// AddLogits adds an image by the scores of its classes before the softmax, with a
// number that Mistake.Item repeats. The predicted class is that of ArgMax. If a
// score is NaN or +Inf, probabilities and all that is computed of them become NaN.
// It is an error if there is not a score for each class, or label is not the index
// of a class.
func (c *Collector) AddLogits(item int, logits []float32, label int) error {
	if err := c.check(len(logits), label); err != nil {
		return err
	}
	top, sum := softmax(c.row, logits)
	return c.add(item, logits, label, math.Log(sum)-(float64(logits[label])-top))
}

// AddProbabilities adds an image by the probabilities of its classes. A
// probability of the label below 2⁻⁵² counts as that in the loss, as in
// scikit-learn. It is an error if a probability is below 0 or above 1, their sum
// differs from 1 by more than 0.001, or for the reasons of AddLogits.
func (c *Collector) AddProbabilities(item int, probabilities []float32, label int) error {
	if err := c.check(len(probabilities), label); err != nil {
		return err
	}
	sum := 0.0
	for i, p := range probabilities {
		if p < 0 || p > 1 {
			return fmt.Errorf("probability %v of class %d: want 0 to 1", p, i)
		}
		c.row[i] = float64(p)
		sum += float64(p)
	}
	if math.Abs(sum-1) > 1e-3 {
		return fmt.Errorf("probabilities sum to %.6g: want 1", sum)
	}
	return c.add(item, probabilities, label, -math.Log(min(max(c.row[label], 0x1p-52), 1-0x1p-52)))
}

func (c *Collector) check(scores, label int) error {
	k := len(c.row)
	switch {
	case scores != k:
		return fmt.Errorf("%d scores for %d classes", scores, k)
	case label < 0 || label >= k:
		return fmt.Errorf("label %d: there are %d classes, numbered from 0", label, k)
	}
	return nil
}

// add adds an image whose probabilities are in c.row. The scores order the classes.
func (c *Collector) add(item int, scores []float32, label int, loss float64) error {
	predicted := ArgMax(scores)
	if err := c.confusion.Add(label, predicted); err != nil {
		return err
	}
	rank := rankOf(scores, label)
	for i, k := range c.config.TopK {
		if rank < k {
			c.hits[i]++
		}
	}
	if err := c.bins.Add(min(c.row[predicted], 1), predicted == label); err != nil {
		return err
	}
	c.loss += loss
	for j, p := range c.row {
		if j == label {
			p--
		}
		c.brier += p * p
	}
	if predicted != label {
		c.worst.offer(Mistake{item, label, predicted, c.row[predicted], c.row[label], loss}, c.config.Worst)
	}
	c.keep(label)
	return nil
}

// rowsPerBlock is how many rows of probabilities are allocated at once.
const rowsPerBlock = 1024

// keep keeps the probabilities for the rankings.
func (c *Collector) keep(label int) {
	k := len(c.row)
	if c.full || (len(c.labels)+1)*k > c.config.MaxScores {
		c.full, c.scores, c.labels = true, nil, nil
		return
	}
	if len(c.labels)%rowsPerBlock == 0 {
		c.scores = append(c.scores, make([]float32, 0, min(rowsPerBlock*k, c.config.MaxScores)))
	}
	block := &c.scores[len(c.scores)-1]
	for _, p := range c.row {
		*block = append(*block, float32(p))
	}
	c.labels = append(c.labels, label)
}

// Summary returns what was measured so far. More images may be added afterwards:
// its Confusion and Reliability then count them too.
func (c *Collector) Summary() *Summary {
	n := c.confusion.Total()
	s := &Summary{
		Images: n, Confusion: c.confusion, Accuracy: c.confusion.Accuracy(),
		Macro: c.confusion.Macro(), Weighted: c.confusion.Weighted(),
		LogLoss: c.loss / float64(n), Brier: c.brier / float64(n),
		Reliability: c.bins, Unranked: c.full, Worst: c.worst.sorted(),
	}
	for i, k := range c.config.TopK {
		s.TopK = append(s.TopK, TopKAccuracy{k, ratio(c.hits[i], n)})
	}
	s.ROCAUC, s.AveragePrecision = c.rankings()
	s.MacroROCAUC, s.MacroAveragePrecision = meanDefined(s.ROCAUC), meanDefined(s.AveragePrecision)
	return s
}

// rankings returns ROC-AUC and average precision of each class.
func (c *Collector) rankings() (auc, ap []float64) {
	k := len(c.row)
	auc, ap = make([]float64, k), make([]float64, k)
	var r ranking
	for j := range k {
		r.reset(len(c.labels))
		for i, label := range c.labels {
			r.add(c.scores[i/rowsPerBlock][i%rowsPerBlock*k+j], label == j)
		}
		r.sort()
		auc[j], ap[j] = r.rocAUC(), r.averagePrecision()
	}
	return auc, ap
}

// meanDefined returns the mean of the values that are not NaN; NaN without any.
func meanDefined(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / float64(n)
}

// mistakes is a heap with the least bad mistake first.
type mistakes []Mistake

// offer adds a mistake; of more than most the least bad one goes.
func (h *mistakes) offer(m Mistake, most int) {
	switch {
	case most < 1:
	case len(*h) < most:
		heap.Push(h, m)
	case worse(m, (*h)[0]):
		(*h)[0] = m
		heap.Fix(h, 0)
	}
}

// worse says whether a comes before b: by the loss, of which NaN is the highest,
// and then by the item.
func worse(a, b Mistake) bool {
	aNaN, bNaN := math.IsNaN(a.Loss), math.IsNaN(b.Loss)
	switch {
	case aNaN != bNaN:
		return aNaN
	case !aNaN && a.Loss != b.Loss:
		return a.Loss > b.Loss
	}
	return a.Item < b.Item
}

func (h mistakes) sorted() []Mistake {
	list := slices.Clone([]Mistake(h))
	slices.SortFunc(list, func(a, b Mistake) int {
		switch {
		case worse(a, b):
			return -1
		case worse(b, a):
			return 1
		}
		return 0
	})
	return list
}

// Len implements heap.Interface.
func (h mistakes) Len() int { return len(h) }

// Less implements heap.Interface.
func (h mistakes) Less(i, j int) bool { return worse(h[j], h[i]) }

// Swap implements heap.Interface.
func (h mistakes) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *mistakes) Push(m any) { *h = append(*h, m.(Mistake)) }

// Pop implements heap.Interface.
func (h *mistakes) Pop() any {
	last := len(*h) - 1
	m := (*h)[last]
	*h = (*h)[:last]
	return m
}
