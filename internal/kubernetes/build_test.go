package kubernetes

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
)

// root is the folder of the module.
const root = "../.."

// decode reads the documents of a manifest. An unknown kind, an unknown field and a
// field that stands twice are errors.
func decode(text []byte) ([]runtime.Object, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme, monitoringv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	var objects []runtime.Object
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text))); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		object, _, err := strict.Decode(document, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", len(objects)+1, err)
		}
		objects = append(objects, object)
	}
}

// kustomization reads a file kustomization.yaml as strictly.
func kustomization(text []byte) (types.Kustomization, error) {
	var k types.Kustomization
	return k, yaml.UnmarshalStrict(text, &k)
}

// read returns the content of a file.
func read(t *testing.T, elem ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// write writes a file, and the folders on the way to it.
func write(t *testing.T, text []byte, elem ...string) {
	t.Helper()
	name := filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// checkout returns a folder that stands for somebody's, with what docs/kubernetes has
// under yourturn/, and with what `yourturn dashboards` writes where an overlay wants it.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	at := filepath.Join(dir, "yourturn", "docs", "kubernetes")
	if err := os.CopyFS(at, os.DirFS(filepath.Join(root, "docs", "kubernetes"))); err != nil {
		t.Fatal(err)
	}
	writeDashboards(t, filepath.Join(at, "overlays", "prometheus-operator"))
	return dir
}

// writeDashboards writes rules and dashboards into a folder, as `yourturn dashboards`
// does there.
func writeDashboards(t *testing.T, dir string) {
	t.Helper()
	var said bytes.Buffer
	args := []string{"dashboards", "--out", filepath.Join(dir, "yourturn-dashboards")}
	if code := command.Run(t.Context(), args, command.Env{Out: &said, Err: &said}); code != 0 {
		t.Fatalf("%v: exit %d: %s", args, code, said.String())
	}
}

// build returns the objects of a kustomization, as `kubectl apply -k` has them.
func build(t *testing.T, elem ...string) installation {
	t.Helper()
	dir := filepath.Join(elem...)
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	text, err := made.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	objects, err := decode(text)
	if err != nil {
		t.Fatalf("%s: %v\n%s", dir, err, text)
	}
	return objects
}

// installation is the objects of one installation.
type installation []runtime.Object

// all returns the objects of a type.
func all[T runtime.Object](in installation) []T {
	var out []T
	for _, o := range in {
		if o, ok := o.(T); ok {
			out = append(out, o)
		}
	}
	return out
}

// one returns the only object of a type.
func one[T runtime.Object](t *testing.T, in installation) T {
	t.Helper()
	list := all[T](in)
	if len(list) != 1 {
		t.Fatalf("there are %d of %T, want 1", len(list), *new(T))
	}
	return list[0]
}

// TestFiles decodes each file of docs/kubernetes strictly, as what a kustomization uses
// it for. A file that none uses is an error.
func TestFiles(t *testing.T) {
	dir := checkout(t)
	used, found := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case d.Name() != "kustomization.yaml":
			found[path] = true
			return nil
		}
		k, err := kustomization(read(t, path))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		files := slices.Clone(k.Resources)
		for _, p := range k.Patches {
			files = append(files, p.Path)
		}
		for _, name := range files {
			name = filepath.Join(filepath.Dir(path), name)
			if filepath.Ext(name) == "" {
				continue // a folder
			}
			used[name] = true
			objects, err := decode(read(t, name))
			if err != nil || len(objects) == 0 {
				t.Errorf("%s: %d objects: %v", name, len(objects), err)
			}
		}
		for _, g := range k.ConfigMapGenerator {
			for _, name := range g.FileSources {
				used[filepath.Join(filepath.Dir(path), name)] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range found {
		if !used[name] && !strings.Contains(name, "yourturn-dashboards/grafana/") && !strings.Contains(name, "yourturn-dashboards/prometheus/") {
			t.Errorf("no kustomization uses %s", name)
		}
	}
	if len(used) < 12 {
		t.Errorf("only %d files were decoded: mend the test", len(used))
	}
}

// TestDecodingIsStrict holds that what Kubernetes would ignore, or take the last of, is
// an error of the tests.
func TestDecodingIsStrict(t *testing.T) {
	const service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
	for _, tc := range []struct{ name, text, want string }{
		{"right", service + "spec: {clusterIP: None}\n", ""},
		{"unknown field", service + "spec: {clusterIp: None}\n", "unknown field"},
		{"unknown field of the operator", "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: a}\nspec: {endpoint: []}\n", "unknown field"},
		{"twice", service + "spec: {clusterIP: None}\nspec: {clusterIP: None}\n", "already set"},
		{"wrong type", service + "spec: {publishNotReadyAddresses: 1}\n", "cannot unmarshal"},
		{"unknown kind", "apiVersion: v1\nkind: Servis\nmetadata: {name: a}\n", "no kind"},
		{"in the second document", service + "---\n" + service + "specs: {}\n", "document 2"},
	} {
		if _, err := decode([]byte(tc.text)); (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
	for _, text := range []string{"resource: [a]\n", "resources: [a]\nresources: [b]\n"} {
		if _, err := kustomization([]byte(text)); err == nil {
			t.Errorf("a kustomization may say %q", text)
		}
	}
}
