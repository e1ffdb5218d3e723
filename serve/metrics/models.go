package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// What is read from the models when the metrics are asked for, so that it costs requests nothing.
var (
	labels     = []string{"model", "version"}
	loadedDesc = prometheus.NewDesc("stride_models_loaded", "Versions of models that are served.", nil, nil)
	waitDesc   = prometheus.NewDesc("stride_inference_pending_requests", "Requests in the queue.", labels, nil)
	countDesc  = prometheus.NewDesc("stride_inference_count_total", "Samples that were computed since the model was loaded.", labels, nil)
	batchDesc  = prometheus.NewDesc("stride_inference_batch_size", "Samples in the batches that were computed since the model was loaded.", labels, nil)
	memoryDesc = prometheus.NewDesc("stride_model_memory_bytes", "Memory of a model's weights and programs.", labels, nil)
)

// batchSizes are the upper bounds of the buckets of batches.
var batchSizes = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}

// A modelCollector reads the statistics of the models.
type modelCollector struct{ *Metrics }

// Describe implements prometheus.Collector.
func (c *modelCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{loadedDesc, waitDesc, countDesc, batchDesc, memoryDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *modelCollector) Collect(to chan<- prometheus.Metric) {
	all := c.models.Statistics()
	c.forget(all)
	to <- prometheus.MustNewConstMetric(loadedDesc, prometheus.GaugeValue, float64(len(all)))
	for _, s := range all {
		model, number := label(s.Model), strconv.Itoa(s.Version)
		to <- prometheus.MustNewConstMetric(waitDesc, prometheus.GaugeValue, float64(s.Waiting), model, number)
		to <- prometheus.MustNewConstMetric(countDesc, prometheus.CounterValue, float64(s.Samples), model, number)
		to <- prometheus.MustNewConstMetric(memoryDesc, prometheus.GaugeValue, float64(s.MemoryBytes), model, number)
		count, buckets := uint64(0), map[float64]uint64{}
		for size, times := range s.Batches {
			count += uint64(times)
			for _, bound := range batchSizes {
				if float64(size) <= bound {
					buckets[bound] += uint64(times)
				}
			}
		}
		to <- prometheus.MustNewConstHistogram(batchDesc, count, float64(s.Samples), buckets, model, number)
	}
}
