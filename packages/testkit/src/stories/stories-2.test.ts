import { tellStories } from "./tell-stories.js";

tellStories(151, 150);
