package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// podSet is what this test asks of a StatefulSet. Its form is checked in deploy/helm.
type podSet struct {
	Spec struct {
		Template struct {
			Spec struct {
				InitContainers []struct{ Command []string } `yaml:"initContainers"`
				Containers     []struct {
					Args           []string
					Env            []struct{ Name, Value string }
					StartupProbe   probe `yaml:"startupProbe"`
					LivenessProbe  probe `yaml:"livenessProbe"`
					ReadinessProbe probe `yaml:"readinessProbe"`
					VolumeMounts   []struct {
						MountPath string `yaml:"mountPath"`
					} `yaml:"volumeMounts"`
				}
				Volumes []struct {
					Projected struct {
						Sources []struct {
							Secret struct{ Items []struct{ Path string } }
						}
					}
				}
			}
		}
	}
}

type probe struct {
	HTTPGet struct{ Path string } `yaml:"httpGet"`
}

// rendered returns the configuration file and the pods of a chart with one of the
// sets of values.
func rendered(t *testing.T, set string) (config string, pods podSet) {
	t.Helper()
	for object := range strings.SplitSeq(read(t, "deploy", "helm", "rendered", set+".yaml"), "\n---\n") {
		var head struct {
			Kind string
			Data map[string]string
		}
		if err := yaml.Unmarshal([]byte(object), &head); err != nil {
			t.Fatal(err)
		}
		switch head.Kind {
		case "ConfigMap":
			config = head.Data["rollbook.yaml"]
		case "StatefulSet":
			if err := yaml.Unmarshal([]byte(object), &pods); err != nil {
				t.Fatal(err)
			}
		}
	}
	if config == "" || len(pods.Spec.Template.Spec.Containers) != 1 {
		t.Fatalf("%s has no configuration or no container", set)
	}
	return config, pods
}

// What the chart gives is started as a pod would, with folders in the place of its
// volumes: the keys are copied, the service begins and its probes are answered.
func TestChartStarts(t *testing.T) {
	root := t.TempDir()
	place := strings.NewReplacer("/secrets/", root+"/secrets/", "/keys/", root+"/keys/", "/data/", root+"/data/")
	for _, dir := range []string{"secrets", "keys", "data"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	config, pods := rendered(t, "default")
	pod := pods.Spec.Template.Spec

	// The master key, by the command in the document; Kubernetes lets the group read it.
	_, text, _ := strings.Cut(read(t, "deploy", "README.md"), "## The master key")
	line := block.FindStringSubmatch(text)[2]
	makeKey := func() error {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
		cmd.Dir = filepath.Join(root, "secrets")
		return cmd.Run()
	}
	if err := makeKey(); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(root, "secrets", "master.key")
	before, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(key); makeKey() == nil || err != nil || string(after) != string(before) {
		t.Errorf("a key that is there was written over: %v", err)
	}
	if err := os.Chmod(key, 0o640); err != nil {
		t.Fatal(err)
	}
	command := pod.InitContainers[0].Command
	if out, err := exec.CommandContext(t.Context(), command[0], command[1], place.Replace(command[2])).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, out)
	}

	file := filepath.Join(root, "rollbook.yaml")
	if err := os.WriteFile(file, []byte(place.Replace(config)), 0o600); err != nil {
		t.Fatal(err)
	}
	c := pod.Containers[0]
	dir := ""
	for _, e := range c.Env {
		if e.Name == "ROLLBOOK_DATA" {
			dir = e.Value
		}
	}
	if filepath.Dir(dir) != c.VolumeMounts[0].MountPath {
		t.Errorf("the ledger is to be in a folder of the volume, not in %s", dir)
	}
	s := serveDirectory(t, place.Replace(dir), append([]string{"--config", file}, c.Args[1:]...)...)
	if c.Args[0] != "serve" || s.Ledger != "ledger" {
		t.Errorf("%v serves %q", c.Args, s.Ledger)
	}
	for _, p := range []probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		answer, err := s.owner.Get("http://rollbook" + p.HTTPGet.Path)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", p.HTTPGet.Path, answer.Status)
		}
	}
	s.end()
	if a := rollbook(t, nil, "doctor", "--data", place.Replace(dir), "--config", file, "--json"); strings.Contains(a.stdout, `"fail"`) || !strings.Contains(a.stdout, "outside the data directory") {
		t.Errorf("doctor: %+v", a)
	}
}

func TestChartOnServersIsConfigured(t *testing.T) {
	config, pods := rendered(t, "cluster")
	file := filepath.Join(t.TempDir(), "rollbook.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := readConfiguration(file)
	if err != nil {
		t.Fatal(err)
	}
	v := settings.values
	o := serveOptions{listen: v["ROLLBOOK_LISTEN"], url: v["ROLLBOOK_URL"], cert: v["ROLLBOOK_TLS_CERT"], key: v["ROLLBOOK_TLS_KEY"]}
	if err := o.check(); err != nil {
		t.Errorf("the service would not start: %v", err)
	}
	var copied []string
	for _, volume := range pods.Spec.Template.Spec.Volumes {
		for _, s := range volume.Projected.Sources {
			for _, item := range s.Secret.Items {
				copied = append(copied, item.Path)
			}
		}
	}
	for variable, path := range v {
		if name, is := strings.CutPrefix(path, "/keys/"); is && !slices.Contains(copied, name) {
			t.Errorf("%s: %s is not copied", variable, path)
		}
	}
}
