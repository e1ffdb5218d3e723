package train

import (
	"fmt"
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

// patience is how many epochs at chance in a row are a reason to warn: 2, or 10 for
// a network with sigmoids or tanh, which often begins with a long plateau.
func patience(model *nn.Model) (int, error) {
	trace, err := model.Trace(1, nn.Eval)
	if err != nil {
		return 0, err
	}
	for _, n := range trace.Graph.Nodes() {
		if u, ok := n.Op().(graph.UnaryOp); ok && (u.Func == graph.KindSigmoid || u.Func == graph.KindTanh) {
			return 10, nil
		}
	}
	return 2, nil
}

// noLearning is the warning that a network learns nothing, or "". It comes once in
// a row of epochs at chance: when there are patience of them, or after fewer if no
// epoch follows (last).
func noLearning(rows []Row, classes, images, patience int, last bool) string {
	streak := 0
	for i := len(rows) - 1; i >= 0 && atChance(rows[i], classes, images); i-- {
		streak++
	}
	if streak != patience && !(last && streak > 0 && streak < patience) {
		return ""
	}
	to, from := rows[len(rows)-1].Epoch, rows[len(rows)-streak].Epoch
	what := fmt.Sprintf("epoch %d", to)
	if streak > 1 {
		what = fmt.Sprintf("epochs %d to %d", from, to)
	}
	return fmt.Sprintf("no learning in %s: the loss equals chance (ln %d = %.3f); if that continues, try a lower learning rate or another seed",
		what, classes, math.Log(float64(classes)))
}

// atChance reports whether the mean loss is within 1 % of ln(classes), which
// equal scores for all classes give, and no more images are right than by
// chance, allowing for its scatter.
func atChance(row Row, classes, images int) bool {
	if classes < 2 {
		return false
	}
	chance, share := math.Log(float64(classes)), 1/float64(classes)
	scatter := math.Sqrt(share * (1 - share) / float64(max(images, 1)))
	return math.Abs(row.TrainLoss-chance) < 0.01*chance && math.Abs(row.TrainAccuracy-share) <= 0.1*share+4*scatter
}
