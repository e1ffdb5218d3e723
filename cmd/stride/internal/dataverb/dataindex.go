package dataverb

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data/imagefolder"
)

// indexInfo is an index as JSON.
type indexInfo struct {
	File       string `json:"file"`
	Pictures   int    `json:"pictures"`
	Bytes      int64  `json:"bytes"`
	Unreadable int    `json:"unreadable"`
}

func dataIndexCommand(a *command.App) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "index <folder>",
		Short: "Keep a list of a large folder of photos in it, so that it need not be listed again",
		Long: `List a folder of photos, look at the beginning of each of them, and write what was
found to the file ` + imagefolder.IndexName + ` in the folder. Whatever opens the folder then reads
that file, which takes seconds for a million photos, as long as no folder in it has
changed. After a change the folder is listed as if there were no index, with a
warning: write a new one.

A photo that is changed in its place, without a change of its folder, is noticed when
it is read, and left out.`,
		Example: "  stride data index photos",
		Args:    command.OneArg("a folder of photos"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var lines []string
			keep := func(line string) { lines = append(lines, line) }
			x, err := imagefolder.OpenIndex(cmd.Context(), args[0], imagefolder.Options{NoIndex: true, Log: keep, Progress: source.PictureProgress(a)})
			a.Live.Clear()
			if err != nil {
				return err
			}
			sets, err := x.Sets(imagefolder.Options{Validation: -1}) // reports what cannot be trained on
			if err != nil {
				return err
			}
			if err := x.Save(); err != nil {
				return err
			}
			for _, line := range lines {
				a.Notice(line)
			}
			info := indexInfo{File: filepath.Join(args[0], imagefolder.IndexName), Pictures: x.Pictures(), Unreadable: len(sets.Summary.Unreadable)}
			file, err := os.Stat(info.File)
			if err != nil {
				return err
			}
			info.Bytes = file.Size()
			if asJSON {
				return terminal.WriteJSON(a.Stdout, info)
			}
			_, err = fmt.Fprintf(a.Stdout, "%s lists %s of %d classes.\n", info.File, terminal.Plural(info.Pictures, "photo"), len(sets.Classes))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}
