// Package webstyle has what the web pages of Stride share: the style sheet, the texts in
// English and Chinese, the switches for language and dark mode, and the headers that keep a
// page from loading or running anything that is not its own.
//
// A page is a folder of plain files that a program embeds: index.html, style sheets, ES
// modules, and texts/en.json and texts/zh.json, objects of key and text. {{key}} in
// index.html stands for a text. New adds to them:
//
//	base.css     colours, type, buttons, fields, bars, tables; light and dark
//	base.js      t (the text of a key), the two switches, and all of the next two
//	elements.js  el (makes an element), number formats
//	theme.js     light and dark, what the browser remembers
//	early.js     applies the remembered choice of dark mode before the page is painted
//	texts.js     the texts in both languages
//
// index.html comes in the language that the browser prefers (Accept-Language); a choice that was
// remembered is applied by base.js. Elements whose text must change with the language have an
// attribute data-t="key", or data-t-NAME="key" for the text of an attribute:
//
//	<html lang="{{language}}">
//	<link rel="stylesheet" href="page/base.css"><script src="page/early.js"></script>
//	<script type="module" src="page/app.js"></script>
//	<h1 data-t="title">{{title}}</h1>
//	<button data-t-aria-label="close" aria-label="{{close}}">×</button>
//	<span id="switches"></span>
//
//	import { t, el, switches } from "./base.js";
//	switches(document.getElementById("switches"));
//	list.append(el("li", { class: "bar" }, t("epoch", { n: 3 })));
//
// # Safety
//
// The Content-Security-Policy allows scripts and style sheets of the page's own address only,
// none within the HTML; pictures also from data: and blob: URLs; no frames, no plug-ins, no
// forms that are sent, and no other site may show the page in a frame. Scripts cannot set
// innerHTML (trusted types): names of classes, files and layers become text nodes.
package webstyle
