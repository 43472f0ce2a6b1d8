// The page of the REST endpoints: Swagger UI on the document that the service serves beside the page.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import "./docs.css";
import { shown } from "./document.js";
import { longTexts } from "./long-texts.js";

const SIGN_IN = document.querySelector("meta[name=sign-in]")?.content;
const system = window.matchMedia("(prefers-color-scheme: dark)");

/** Turn light or dark as the system is. */
function followSystem() {
  document.documentElement.classList.toggle("dark-mode", system.matches);
}

/** Return the document with the address of this service, under whatever path a proxy gives it. */
async function load() {
  const response = await fetch("./openapi.json", { credentials: "omit" });
  return shown(await response.text(), new URL("..", window.location.href).href);
}

/** Show examples that are text as they are: Swagger UI would read them, and write numbers without their last zeros. */
const examplesAsWritten = {
  afterLoad() {
    const { getSampleSchema } = this.fn;
    this.fn.getSampleSchema = (schema, type, config, example) =>
      typeof example === "string" ? example : getSampleSchema(schema, type, config, example);
  },
};

/** Sign in with a development token, which only `dev` gives, and only on its own machine. */
async function signIn(ui) {
  const response = await fetch(SIGN_IN, { method: "POST", credentials: "omit" });
  if (response.ok) ui.preauthorizeApiKey("token", (await response.json()).token);
}

system.addEventListener("change", followSystem);
followSystem();

const ui = SwaggerUI({
  spec: await load(),
  domNode: document.getElementById("root"),
  plugins: [examplesAsWritten, longTexts],
  deepLinking: true,
  displayRequestDuration: true,
  // Of the themes for JSON, this one has the most contrast.
  syntaxHighlight: { theme: "tomorrow-night" },
  // Credentials stay in this page's memory, as in the explorer.
  persistAuthorization: false,
  // Otherwise another host would be asked to check the document.
  validatorUrl: null,
  onComplete: () => SIGN_IN && signIn(ui),
});
