export { connect } from "./connect-browser.js";
export * from "./public.js";
