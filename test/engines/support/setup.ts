/** Before the engines' tests, once: what the end-to-end tests need, and the image. */
import setUpRuntime from "../../support/setup.js";
import { makeImages } from "./images.js";

export default function setup(): void {
	setUpRuntime();
	makeImages();
}
