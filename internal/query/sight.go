package query

// Everything is the sight of somebody who may see everything.
type Everything struct{}

// SeesProject implements Sight.
func (Everything) SeesProject(string) bool { return true }

// SeesOwner implements Sight.
func (Everything) SeesOwner(string, string) bool { return true }

// sees reports whether somebody sees the stories of a project on which an owner decides.
func sees(see Sight, owner, project string) bool {
	return see.SeesProject(project) || see.SeesOwner(owner, project)
}
