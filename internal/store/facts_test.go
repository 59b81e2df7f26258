package store

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/stack"
)

// TestFacts: the facts count the rows of every table, and the people are all whom the
// store names, to a reader too.
func TestFacts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s := open(t, path)
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(1, "PAY-1"), story(2, "PAY-2")}})
	if err := s.SaveMeta(t.Context(), jiradata.Meta{At: 1, Projects: []jiradata.Project{{ID: "100", Key: "PAY", Lead: "led"}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveOwners(t.Context(), map[string][]string{"ada": {"acc-ada"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.RecordLook(t.Context(), "ada", "lin", "/owners/ada", time.Now()); err != nil {
		t.Fatal(err)
	}
	reader, err := Open(t.Context(), stack.StoreURL(t, path), ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for name, s := range map[string]*Store{"writer": s, "reader": reader} {
		f, err := s.Facts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if f.Rows["story"] != 2 || f.Rows["event"] != 6 || f.Rows["lead"] != 1 || f.Rows["owner"] != 1 || f.Rows["look"] != 1 || f.Rows["schema_version"] != int64(f.Known) {
			t.Errorf("%s: rows %v", name, f.Rows)
		}
		if _, has := f.Rows["kept_part"]; !has || len(f.Rows) < 20 {
			t.Errorf("%s: %d tables are counted", name, len(f.Rows))
		}
		if f.Schema != f.Known || f.Schema < 1 || f.Database == "" || f.Bytes["database"] <= 0 || f.Journal != "wal" && !stack.OnPostgres() {
			t.Errorf("%s: %+v", name, f)
		}
		people, err := s.People(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, u := range people.Accounts {
			ids = append(ids, u.ID, u.Name, u.DisplayName)
		}
		for _, id := range []string{"dev", "dev.name", "Dev", "led"} {
			if !slices.Contains(ids, id) {
				t.Errorf("%s: %s is not among %v", name, id, ids)
			}
		}
		if diff := cmp.Diff([][]string{{"ada"}, {"lin"}}, [][]string{people.Owners, people.Viewers}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
