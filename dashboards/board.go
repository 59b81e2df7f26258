package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// columns is the width of Grafana's grid.
const columns = 24

// board builds a dashboard. It numbers the panels and lays them out from left to
// right, so that a panel has a size and no position.
type board struct {
	uid     string
	builder *dashboard.DashboardBuilder
	panels  []panel
	rows    map[int]heading // above the panel of this index
	events  []annotation
}

// newBoard returns a board that shows the time range since from.
func newBoard(uid, title, about, from, refresh string) *board {
	b := dashboard.NewDashboardBuilder(title).
		Uid(uid).
		Description(about).
		Tags([]string{"yourturn"}).
		Time(from, "now").
		Refresh(refresh).
		Timezone("browser").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Editable().
		Link(dashboard.NewDashboardLinkBuilder("yourturn").
			Type(dashboard.DashboardLinkTypeDashboards).
			Tags([]string{"yourturn"}).
			AsDropdown(true).
			KeepTime(false).
			IncludeVars(true)).
		WithVariable(sourceVariable())
	return &board{uid: uid, builder: b, rows: make(map[int]heading)}
}

// variables adds the selectors at the top.
func (b *board) variables(vs ...cog.Builder[dashboard.VariableModel]) {
	for _, v := range vs {
		b.builder.WithVariable(v)
	}
}

// annotate marks events in all panels that show a course over time.
func (b *board) annotate(a annotation) {
	a.Datasource, a.Enable = source(), true
	b.events = append(b.events, a)
}

// heading begins a group of panels, which is folded or not.
type heading struct {
	title  string
	folded bool
}

// row puts a heading above the next panel.
func (b *board) row(title string) { b.rows[len(b.panels)] = heading{title: title} }

// fold puts a heading above the next panel, under which all up to the next heading are
// folded. Grafana asks their queries once somebody opens it.
func (b *board) fold(title string) { b.rows[len(b.panels)] = heading{title: title, folded: true} }

// add appends panels.
func (b *board) add(ps ...panel) { b.panels = append(b.panels, ps...) }

// build returns the dashboard with its panels numbered and placed.
func (b *board) build() (dashboard.Dashboard, error) {
	var x, y, tallest, id uint32
	var fold *dashboard.RowBuilder // into which panels go
	var folded uint32              // where it is: what is folded takes no place
	for i, p := range b.panels {
		head := b.rows[i]
		// Grafana lays what it repeats over the whole width, and more lines of it.
		repeated := p.each != "" || i > 0 && b.panels[i-1].each != ""
		if x+p.width > columns || head.title != "" || repeated {
			x, y, tallest = 0, y+tallest, 0
		}
		if head.title != "" {
			if fold != nil {
				b.builder.WithRow(fold)
				fold, y = nil, folded+1
			}
			id++
			row := dashboard.NewRowBuilder(head.title).
				Id(id).
				GridPos(dashboard.GridPos{X: 0, Y: y, W: columns, H: 1})
			if head.folded {
				fold, folded = row.Collapsed(true), y
			} else {
				b.builder.WithRow(row)
			}
			y++
		}
		id++
		built, err := p.build(id, dashboard.GridPos{X: x, Y: y, W: p.width, H: p.height})
		if err != nil {
			return dashboard.Dashboard{}, err
		}
		if fold != nil {
			fold.WithPanel(ready(built))
		} else {
			b.builder.WithPanel(ready(built))
		}
		x, tallest = x+p.width, max(tallest, p.height)
	}
	if fold != nil {
		b.builder.WithRow(fold)
	}
	return b.builder.Build()
}

// ready is a panel that is already built.
type ready dashboard.Panel

// Build implements cog.Builder.
func (p ready) Build() (dashboard.Panel, error) { return dashboard.Panel(p), nil }
