// go run oracle.go SOURCES: every call below a folder with the declaration that Go's own type checker says it runs, a line each,
// tab separated: path, line, name, known or unknown, then path, first line, last line and name of the declaration, when it stands
// below the folder. A method of an interface is told as the interface declares it, unless that has no name. Left out are
// conversions, builtins, function literals called where they stand, and the files that are not built for this platform. A call
// of a variable, and of what only a package that is not at hand could tell, is unknown. Packages elsewhere are read from GOROOT
// and from the src folders of GOPATH.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

var (
	module  = regexp.MustCompile(`(?m)^\s*module\s+"?([^\s"]+)`)
	context = build.Default
)

// oracle reads packages from their sources; a second look at one gives the same positions, and by these declarations are known.
type oracle struct {
	root     string
	modules  map[string]string // import path -> folder
	set      *token.FileSet
	files    map[string]*ast.File
	imported map[string]*types.Package // by folder; nil while it is being read
	spans    map[token.Pos]ast.Node    // name of a function or of an interface's method -> its declaration
	out      *bufio.Writer
}

func main() {
	root, err := filepath.Abs(os.Args[1])
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		panic(err)
	}
	context.CgoEnabled = true
	o := &oracle{root, map[string]string{}, token.NewFileSet(), map[string]*ast.File{}, map[string]*types.Package{},
		map[token.Pos]ast.Node{}, bufio.NewWriter(os.Stdout)}
	var folders []string
	filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (name == "testdata" || name == "vendor" || strings.ContainsAny(name[:1], "._")) {
			return filepath.SkipDir
		}
		if entry.IsDir() {
			folders = append(folders, path)
		}
		if text, err := os.ReadFile(path); name == "go.mod" && err == nil {
			if found := module.FindSubmatch(text); found != nil {
				o.modules[string(found[1])] = filepath.Dir(path)
			}
		}
		return nil
	})
	for _, folder := range folders {
		o.judge(folder)
	}
	o.out.Flush()
}

// judge writes the calls of one folder: of its package with the tests inside it, then of the tests beside it.
func (o *oracle) judge(folder string) {
	own, beside := o.parse(folder, true)
	if len(own) > 0 {
		tested := o.check(folder, own, false, nil)
		o.check(folder, beside, false, tested)
	} else {
		o.check(folder, beside, false, nil)
	}
}

// parse gives the files of a folder that are built here, and those of the package of its outer tests.
func (o *oracle) parse(folder string, tests bool) (own, beside []*ast.File) {
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || (!tests && strings.HasSuffix(name, "_test.go")) {
			continue
		}
		if built, err := context.MatchFile(folder, name); !built || err != nil {
			continue
		}
		path := filepath.Join(folder, name)
		file, known := o.files[path]
		if !known {
			file, _ = parser.ParseFile(o.set, path, nil, parser.SkipObjectResolution)
			o.files[path] = file
			o.declare(file)
		}
		if file != nil && strings.HasSuffix(name, "_test.go") && strings.HasSuffix(file.Name.Name, "_test") {
			beside = append(beside, file)
		} else if file != nil {
			own = append(own, file)
		}
	}
	return own, beside
}

func (o *oracle) declare(file *ast.File) {
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			o.spans[node.Name.Pos()] = node
		case *ast.TypeSpec:
			if written, is := node.Type.(*ast.InterfaceType); is {
				for _, method := range written.Methods.List {
					for _, name := range method.Names {
						o.spans[name.Pos()] = method
					}
				}
			}
		}
		return file != nil
	})
}

// check types one package and writes its calls, unless it is only imported; `tested` is what its tests import in place of itself.
func (o *oracle) check(folder string, files []*ast.File, imported bool, tested *types.Package) *types.Package {
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}}
	config := types.Config{Error: func(error) {}, FakeImportC: true, IgnoreFuncBodies: imported, Sizes: types.SizesFor("gc", "amd64"),
		Importer: from(func(path string) (*types.Package, error) {
			if at := o.find(path); at == folder && tested != nil {
				return tested, nil
			}
			return o.load(path)
		})}
	checked, _ := config.Check(folder, o.set, files, info)
	for _, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			if call, is := node.(*ast.CallExpr); is && !imported {
				o.report(call, info)
			}
			return !imported
		})
	}
	return checked
}

type from func(string) (*types.Package, error)

func (f from) Import(path string) (*types.Package, error) { return f(path) }

func (o *oracle) load(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	folder := o.find(path)
	if found, known := o.imported[folder]; known && found != nil {
		return found, nil
	} else if known || folder == "" {
		return nil, errors.New("not at hand: " + path)
	}
	o.imported[folder] = nil
	files, _ := o.parse(folder, false)
	if len(files) == 0 {
		return nil, errors.New("nothing built: " + path)
	}
	o.imported[folder] = o.check(folder, files, true, nil)
	return o.imported[folder], nil
}

// find gives the folder that an import path leads to: in a module of the sources, else in GOROOT or GOPATH.
func (o *oracle) find(path string) string {
	var places, names []string
	for name := range o.modules {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return len(names[i]) > len(names[j]) })
	for _, name := range names {
		if path == name || strings.HasPrefix(path, name+"/") {
			places = append(places, filepath.Join(o.modules[name], strings.TrimPrefix(path, name)))
		}
	}
	places = append(places, filepath.Join(context.GOROOT, "src", path), filepath.Join(context.GOROOT, "src", "vendor", path))
	for _, folder := range filepath.SplitList(context.GOPATH) {
		places = append(places, filepath.Join(folder, "src", path))
	}
	for _, place := range places {
		if found, err := os.Stat(place); err == nil && found.IsDir() {
			return place
		}
	}
	return ""
}

func (o *oracle) report(call *ast.CallExpr, info *types.Info) {
	called := ast.Unparen(call.Fun)
	if kind := info.Types[called]; kind.IsType() || kind.IsBuiltin() {
		return
	}
	switch index := called.(type) {
	case *ast.IndexExpr:
		called = index.X
	case *ast.IndexListExpr:
		called = index.X
	}
	name, _ := called.(*ast.Ident)
	if selector, is := called.(*ast.SelectorExpr); is {
		name = selector.Sel
	}
	if name == nil {
		return
	}
	at := o.set.Position(name.Pos())
	fmt.Fprintf(o.out, "%s\t%d\t%s\t", o.relative(at.Filename), at.Line, name.Name)
	function, known := info.Uses[name].(*types.Func)
	if !known {
		fmt.Fprintln(o.out, "unknown")
		return
	}
	fmt.Fprint(o.out, "known")
	if declared := o.spans[function.Origin().Pos()]; declared != nil {
		first, last := o.set.Position(declared.Pos()), o.set.Position(declared.End())
		if path := o.relative(first.Filename); !strings.HasPrefix(path, "..") {
			fmt.Fprintf(o.out, "\t%s\t%d\t%d\t%s", path, first.Line, last.Line, name.Name)
		}
	}
	fmt.Fprintln(o.out)
}

func (o *oracle) relative(path string) string {
	path, _ = filepath.Rel(o.root, path)
	return filepath.ToSlash(path)
}
