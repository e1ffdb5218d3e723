// Package runs lists and compares the runs in a folder.
//
// [List] finds the run folders, those of trainings under way and damaged ones among
// them; [Compare] says which settings of some runs differ. Both only read: no
// training is disturbed. Package train/curves draws the curves of several runs.
package runs
