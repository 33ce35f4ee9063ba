package devices

import "strings"

// AreaPath names an area by its way down the tree, "county/town/village", so
// that what lies inside an area begins with its path. "" is the whole service.
type AreaPath string

// Contains says whether other is the area itself or lies inside it.
func (a AreaPath) Contains(other AreaPath) bool {
	return a == "" || a == other || strings.HasPrefix(string(other), string(a)+"/")
}

// Parent is the next area up; the parent of a county is "".
func (a AreaPath) Parent() AreaPath {
	i := strings.LastIndexByte(string(a), '/')
	if i < 0 {
		return ""
	}
	return a[:i]
}

// Area is a node of the tree: county, town or village. Its path is made of
// short codes; Name is what people read.
type Area struct {
	Path AreaPath
	Name string
}
