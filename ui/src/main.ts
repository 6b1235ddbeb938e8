// Puts the screens into the window.
import { mount } from 'svelte'

import './look/tokens.css'
import './look/kit.css'
import './look/app.css'
import App from './App.svelte'
import { words } from './words/index.svelte'

document.documentElement.lang = words.language

export default mount(App, { target: document.body })
