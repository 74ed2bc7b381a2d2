package pages_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"rollbook/domain"
)

// hostile are texts that would do something in a page that let them: 40 ideas, each
// in five surroundings.
func hostile() (texts []string) {
	ideas := []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg onload=alert(1)>`, `<svg><script>alert(1)</script></svg>`,
		`<iframe src="javascript:alert(1)"></iframe>`, `<a href="javascript:alert(1)">x</a>`, `<body onload=alert(1)>`, `<input autofocus onfocus=alert(1)>`,
		`<details open ontoggle=alert(1)>`, `<video><source onerror=alert(1)></video>`, `<math><mi xlink:href="javascript:alert(1)">`, `<style>*{color:red}</style>`,
		`<link rel=stylesheet href=//evil.example/x.css>`, `<base href="//evil.example/">`, `<meta http-equiv=refresh content="0;url=javascript:alert(1)">`, `<form action="//evil.example/"><button>x`,
		`<div hx-get="/x" hx-trigger="load">`, `<div hx-on:click="alert(1)">`, `<div hx-on::load="alert(1)">`, `<div hx-sse:connect="/x">`,
		`<button popovertarget=nav popovertargetaction=show>`, `<template><script>alert(1)</script></template>`, `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<object data="javascript:alert(1)">`,
		`<embed src="javascript:alert(1)">`, `<marquee onstart=alert(1)>`, `javascript:alert(1)`, `{{7*7}}`, `{{.Form}}`, `${alert(1)}`,
		`' onmouseover='alert(1)`, `" onmouseover="alert(1)`, "` onmouseover=`alert(1)", `&lt;script&gt;alert(1)&lt;/script&gt;`, `&#60;script&#62;alert(1)`, `%3Cscript%3Ealert(1)%3C/script%3E`,
		`\u003cscript\u003ealert(1)\u003c/script\u003e`, `<!--<img src="--><img src=x onerror=alert(1)//">`, `<![CDATA[<script>alert(1)</script>]]>`, `=cmd|'/c calc'!A1`,
	}
	for _, idea := range ideas {
		for _, around := range []string{`%s`, `">%s`, `'>%s`, `</title></textarea></script>%s`, `-->%s<!--`} {
			texts = append(texts, fmt.Sprintf(around, idea))
		}
	}
	return texts
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// besieged is the district with a hostile text in every field that takes one: the
// texts in turn, so that all are somewhere.
func besieged() []string {
	lines := district()
	texts := hostile()
	n := 0
	next := func() string {
		n++
		return quoted(texts[n%len(texts)])
	}
	with := func(line, reason string) string { return strings.Replace(line, "{", `{"reason":`+reason+`,`, 1) }
	lines = append(lines,
		event("organisation.established", "organisation/xa-x", "2015-01-02", `{"name":`+next()+`,"kind":"grassroots_committee","parent":"huyen","sector":"commune"}`),
		event("organisation.established", "organisation/cb-x", "2015-01-03", `{"name":`+next()+`,"kind":"cell","parent":"xa-x"}`),
		event("organisation.renamed", "organisation/xa-x", "2016-01-03", `{"name":`+next()+`}`),
		event("organisation.commended", "organisation/xa-x", "2022-01-03", `{"year":2021,"title":`+next()+`}`),
		event("village.registered", "village/vx", "2015-02-01", `{"name":`+next()+`,"commune":"xa-x"}`),
	)
	for i := range texts {
		id := fmt.Sprintf("member/h%d", i)
		decision := func() string { return `{"number":` + next() + `,"date":"2022-03-01","issued_by":` + next() + `}` }
		lines = append(lines,
			with(event("member.brought_forward", id, "2016-01-01", fmt.Sprintf(
				`{"person":{"full_name":%s,"birth_year":1980,"gender":"male","ethnicity":"01","religion":"00","education":%s,"occupation":%s,"address":%s},"organisation":"cb-x","status":"official","admitted_on":"2010-05-19"}`,
				next(), next(), next(), next())), next()))
		switch i % 8 {
		case 0:
			lines = append(lines, event("member.disciplined", id, "2022-03-01", `{"measure":"warning","decision":`+decision()+`}`))
		case 1:
			lines = append(lines, event("member.expelled", id, "2022-03-01", `{"decision":`+decision()+`,"grounds":`+next()+`}`))
		case 2:
			lines = append(lines, event("member.transferred_out", id, "2022-03-01", `{"destination":`+next()+`}`))
		case 3:
			lines = append(lines, with(event("member.died", id, "2022-03-01", `{}`), next()))
		}
	}
	return lines
}

// planted are elements and attributes that a hostile text would have made, and
// none of ours are.
const planted = `[...document.querySelectorAll("*")].filter((e) => e.matches("main script, body style, iframe, object, embed, base, marquee, video, math, link:not([href^='/static/']), img:not(.qr), meta[http-equiv], main svg:not(.bar, .mark, .badge svg, .chart svg), [href^='javascript:'], [src^='javascript:']") || [...e.attributes].some((a) => /^on/.test(a.name) || /^hx-on/.test(a.name) || a.name === "hx-get" && e.tagName !== "FORM")).map((e) => e.outerHTML.slice(0, 200))`

func TestHostileTextsExecuteNothing(t *testing.T) {
	t.Parallel()
	o := serve(t, besieged()...)
	b := o.open(t)
	b.wide(1280)
	visit := func(path string) {
		t.Helper()
		b.visit(path)
		for _, made := range ask[[]string](b, planted) {
			t.Errorf("%s: a text became an element: %s", path, made)
		}
		b.clean()
	}
	for _, path := range append(everyPage(),
		"/organisations/xa-x", "/organisations/cb-x", "/villages/vx", "/members?organisation=xa-x", "/?organisation=xa-x", "/explain?what=headcount&from=2021-12-31&to=2022-12-31&by=organisation",
		"/drill/headcount?organisation=cb-x", "/drill/movement?line=expelled&from=2021-12-31", "/worklist?organisation=xa-x", "/record/member.transferred?subject=h1") {
		visit(path)
	}
	for i := range 8 {
		visit(fmt.Sprintf("/members/h%d", i*25+i))
	}
	// All of them stand on one page, as they were written.
	visit("/members?organisation=xa-x")
	names := ask[[]string](b, `[...document.querySelectorAll(".list tbody th")].map((h) => h.innerText)`)
	for _, name := range names {
		if !strings.Contains(strings.Join(hostile(), "\n"), name) {
			t.Errorf("%q is not what was written", name)
		}
	}
	if len(names) < 50 {
		t.Errorf("only %d names are shown", len(names))
	}
}

// What somebody types comes back in the form, and in no other shape.
func TestHostileTextsComeBackAsTheyAre(t *testing.T) {
	o := serve(t, district()...)
	b := o.open(t)
	texts := hostile()
	var of []domain.Description
	for _, d := range domain.Describe() {
		if d.Type == "member.identified" || d.Type == "member.expelled" || d.Type == "organisation.established" {
			of = append(of, d)
		}
	}
	for _, d := range of {
		b.visit("/record/" + d.Type)
		n := ask[int](b, fmt.Sprintf(`(() => { const texts = %s; let n = 0;
			document.querySelectorAll(".entry input[type=text], .entry textarea").forEach((f) => { f.value = texts[n++ %% texts.length]; f.removeAttribute("maxlength"); });
			window.sent = [...document.querySelectorAll(".entry input[type=text], .entry textarea")].map((f) => f.value); sessionStorage.sent = JSON.stringify(window.sent);
			document.querySelector("button[value=record]").click(); return n; })()`, must(json.Marshal(texts))))
		b.until(`document.querySelector("#verdict .bad") !== null`)
		if n < 3 || !ask[bool](b, `JSON.stringify([...document.querySelectorAll(".entry input[type=text], .entry textarea")].map((f) => f.value)) === sessionStorage.sent`) {
			t.Errorf("the form of %s gives back something else than the %d texts that were sent", d.Type, n)
		}
		for _, made := range ask[[]string](b, planted) {
			t.Errorf("%s: a text became an element: %s", d.Type, made)
		}
		b.clean()
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
