package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// composition is what deploy/compose uses of the Compose specification
// (https://github.com/compose-spec/compose-spec/blob/main/spec.md). Anything else is
// a mistake of the file, or has to be added here.
type composition struct {
	Name     string
	XNATS    composedService `yaml:"x-nats"`
	Services map[string]composedService
	Volumes  map[string]struct{}
	Secrets  map[string]struct{ File string }
}

type composedService struct {
	Image           string
	Build           struct{ Context, Dockerfile string }
	User            string
	ReadOnly        bool     `yaml:"read_only"`
	CapDrop         []string `yaml:"cap_drop"`
	SecurityOpt     []string `yaml:"security_opt"`
	Restart         string
	StopGracePeriod string `yaml:"stop_grace_period"`
	ShmSize         string `yaml:"shm_size"`
	Command         []string
	Environment     map[string]string
	Secrets         []string
	Volumes         []string
	Tmpfs           []string
	Ports           []string
	Healthcheck     struct {
		Test              []string
		Interval, Timeout string
		Retries           int
	}
	DependsOn map[string]struct{ Condition string } `yaml:"depends_on"`
}

// made are the files that README.md in the folder says how to make.
var made = regexp.MustCompile(`^\./(secrets|data)/[a-z0-9_./-]+$`)

func TestCompose(t *testing.T) {
	folder := filepath.Join("..", "..", "deploy", "compose")
	d := yaml.NewDecoder(strings.NewReader(read(t, "deploy", "compose", "compose.yaml")))
	d.KnownFields(true)
	var c composition
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	there := func(path string) bool {
		_, err := os.Stat(filepath.Join(folder, path))
		return err == nil || made.MatchString(path)
	}
	for _, secret := range c.Secrets {
		if !made.MatchString(secret.File) {
			t.Errorf("the secret %s is not in secrets/", secret.File)
		}
	}
	if len(c.Services) != 5 {
		t.Errorf("%d services", len(c.Services))
	}
	for name, s := range c.Services {
		t.Run(name, func(t *testing.T) {
			if tag := s.Image[strings.LastIndex(s.Image, ":")+1:]; !regexp.MustCompile(`^(\d+\.\d+.*|local)$`).MatchString(tag) {
				t.Errorf("the image %s has no version", s.Image)
			}
			if name != "db" && (s.User != "65532:65532" || !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"})) {
				t.Errorf("it may do more than it needs: %+v", s)
			}
			for _, v := range s.Volumes {
				from, _, _ := strings.Cut(v, ":")
				if _, named := c.Volumes[from]; !named && !there(from) {
					t.Errorf("there is no %s", from)
				}
			}
			mustMountApart(t, s.Volumes)
			for _, secret := range s.Secrets {
				if _, ok := c.Secrets[secret]; !ok {
					t.Errorf("there is no secret %s", secret)
				}
			}
			for other, on := range s.DependsOn {
				if on.Condition != "service_healthy" || len(c.Services[other].Healthcheck.Test) == 0 {
					t.Errorf("it waits for %s, which does not say how it is", other)
				}
			}
			for _, p := range s.Ports {
				if !strings.HasPrefix(p, "127.0.0.1:") {
					t.Errorf("the port %s is open to everybody", p)
				}
			}
			for variable, value := range s.Environment {
				if strings.Contains(variable, "PASSWORD") && !strings.HasSuffix(variable, "_FILE") || strings.Contains(value, "://") {
					t.Errorf("%s may hold a secret", variable)
				}
			}
		})
	}
	for _, n := range []string{"n1", "n2", "n3"} {
		conf := filepath.Base(c.Services[n].Command[1])
		if !strings.Contains(read(t, "deploy", "nats", conf), "server_name: "+n) {
			t.Errorf("%s does not start from its own configuration, but from %s", n, conf)
		}
	}
	mustBeConfigured(t, c)
}

// mustMountApart fails if something is mounted where another mount, which is
// read-only, would have to get a place for it.
func mustMountApart(t *testing.T, volumes []string) {
	t.Helper()
	for _, outer := range volumes {
		for _, inner := range volumes {
			in, readOnly := strings.CutSuffix(outer, ":ro")
			_, in, _ = strings.Cut(in, ":")
			if _, at, _ := strings.Cut(inner, ":"); readOnly && strings.HasPrefix(at, in+"/") {
				t.Errorf("%s is mounted inside %s", inner, outer)
			}
		}
	}
}

// mustBeConfigured fails if the service in a composition has settings that the
// program does not take, or that do not go with the rest.
func mustBeConfigured(t *testing.T, c composition) {
	t.Helper()
	s := c.Services["rollbook"]
	if cmd, _, err := commandTree().Find(s.Command); err != nil || cmd.Name() != "serve" {
		t.Errorf("rollbook %v is no command: %v", s.Command, err)
	}
	file := filepath.Join("..", "..", "deploy", "compose", "rollbook.yaml")
	config, err := readConfiguration(file)
	if err != nil {
		t.Fatal(err)
	}
	o := serveOptions{listen: config.values["ROLLBOOK_LISTEN"], url: config.values["ROLLBOOK_URL"]}
	if err := o.check(); err != nil {
		t.Errorf("the service would not start: %v", err)
	}
	if !strings.HasSuffix(s.Ports[0], o.listen[strings.LastIndex(o.listen, ":"):]) {
		t.Errorf("port %s, and the service listens at %s", s.Ports[0], o.listen)
	}
	for server := range strings.SplitSeq(config.values["ROLLBOOK_NATS"], ",") {
		name := strings.TrimSuffix(strings.TrimPrefix(server, "tls://"), ":4222")
		if _, ok := c.Services[name]; !ok {
			t.Errorf("there is no server %s", server)
		}
	}
	for variable, path := range config.values {
		if secret, is := strings.CutPrefix(path, "/run/secrets/"); is && !slices.Contains(s.Secrets, secret) {
			t.Errorf("%s: the service is not given the secret %s", variable, secret)
		}
	}
}
