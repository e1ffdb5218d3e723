package fonts

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// maxFiles bounds how many files are looked at in the folders of fonts.
const maxFiles = 20_000

// Folders returns where fonts are looked for. Tests of other packages change it.
var Folders = systemFolders

// systemFolders returns where the system keeps fonts, the user's own first.
func systemFolders() []string {
	home, _ := os.UserHomeDir() // "" leaves relative names, which are dropped below
	var list []string
	switch runtime.GOOS {
	case "windows":
		list = []string{
			filepath.Join(os.Getenv("LOCALAPPDATA"), "Microsoft", "Windows", "Fonts"),
			filepath.Join(cmp.Or(os.Getenv("WINDIR"), `C:\Windows`), "Fonts"),
		}
	case "darwin", "ios":
		list = []string{
			filepath.Join(home, "Library/Fonts"), "/Library/Fonts", "/System/Library/Fonts",
			"/System/Library/AssetsV2", // fonts that macOS has downloaded, PingFang of late
		}
	default: // as the XDG base directory specification and fontconfig have it
		list = []string{
			filepath.Join(cmp.Or(os.Getenv("XDG_DATA_HOME"), filepath.Join(home, ".local/share")), "fonts"),
			filepath.Join(home, ".fonts"),
		}
		for _, dir := range filepath.SplitList(cmp.Or(os.Getenv("XDG_DATA_DIRS"), "/usr/local/share:/usr/share")) {
			list = append(list, filepath.Join(dir, "fonts"))
		}
		list = append(list, "/usr/share/fonts", "/usr/X11R6/lib/X11/fonts")
	}
	list = slices.DeleteFunc(list, func(dir string) bool { return !filepath.IsAbs(dir) })
	return slices.Compact(list)
}

// preferred are names of fonts with many characters in the order in which they are
// tried, in lower case, without spaces and hyphens.
var preferred = []string{
	"notosanscjk", "notosanssc", "sourcehansans", "pingfang", "msyh", "microsoftyahei", "hiraginosans", "wqymicrohei",
	"wqyzenhei", "wenquanyi", "stheiti", "simhei", "simsun", "droidsansfallback", "notoserifcjk", "sourcehanserif", "uming", "ukai",
	"dejavusans.", "notosans", "arialuni", "unifont",
}

// installed lists the files of fonts in folders, the most promising first.
func installed(folders []string) []string {
	type candidate struct {
		path string
		rank int
	}
	var found []candidate
	seen := 0
	for _, folder := range folders {
		// A folder that cannot be read has no fonts for us.
		_ = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
			if seen++; seen > maxFiles {
				return filepath.SkipAll
			}
			if err != nil || e.IsDir() {
				return nil
			}
			switch strings.ToLower(filepath.Ext(path)) {
			case ".ttf", ".otf", ".ttc", ".otc":
				found = append(found, candidate{path, rank(e.Name())})
			}
			return nil
		})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.rank, b.rank) })
	var paths []string
	for _, c := range found {
		if !slices.Contains(paths, c.path) {
			paths = append(paths, c.path)
		}
	}
	return paths
}

// rank orders files by their names: the lower, the sooner they are tried. Regular
// weights go before others of the same name.
func rank(name string) int {
	name = strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(name))
	i := slices.IndexFunc(preferred, func(p string) bool { return strings.HasPrefix(name, p) })
	if i < 0 {
		i = len(preferred)
	}
	weight := 1
	switch {
	case strings.Contains(name, "regular"):
		weight = 0
	case slices.ContainsFunc([]string{"mono", "bold", "bd.", "light", "thin", "black", "heavy", "italic", "oblique"},
		func(w string) bool { return strings.Contains(name, w) }):
		weight = 2
	}
	return 3*i + weight
}
