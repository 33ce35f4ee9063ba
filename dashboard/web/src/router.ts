import { createRouter, createWebHistory, type Router } from 'vue-router'
import { home, may } from '@/api/permissions'
import type { Caller } from '@/api/types'
import type { Session } from '@/services'

declare module 'vue-router' {
  interface RouteMeta {
    /** Whether the caller is offered this view; absent: everybody, even signed out. */
    allow?: (c: Caller) => boolean
  }
}

export function createPages(session: Session): Router {
  const router = createRouter({
    history: createWebHistory(),
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
    routes: [
      { path: '/signin', name: 'signin', component: () => import('@/views/SignInView.vue') },
      { path: '/', name: 'board', component: () => import('@/views/BoardView.vue'), meta: { allow: may.board } },
      { path: '/alerts/:id', name: 'alert', component: () => import('@/views/BoardView.vue'), props: true, meta: { allow: may.board } },
      { path: '/alerts/:id/file', name: 'file', component: () => import('@/views/CaseFileView.vue'), props: true, meta: { allow: may.caseFile } },
      { path: '/visits', name: 'visits', component: () => import('@/views/VisitsView.vue'), meta: { allow: may.visits } },
      { path: '/providers', name: 'providers', component: () => import('@/views/ProvidersView.vue'), meta: { allow: may.providers } },
      // A page of its own, which works without a network.
      { path: '/field', name: 'field', component: { render: () => null }, beforeEnter: () => { location.assign('/field' + location.hash); return false } },
      { path: '/residents', name: 'residents', component: () => import('@/views/ResidentsView.vue'), meta: { allow: may.residents } },
      { path: '/residents/:id', name: 'resident', component: () => import('@/views/ResidentView.vue'), props: true, meta: { allow: may.residents } },
      { path: '/residents/:resident/rules', name: 'residentRules', component: () => import('@/views/RulesView.vue'), props: true, meta: { allow: may.rules } },
      { path: '/devices', name: 'devices', component: () => import('@/views/DevicesView.vue'), meta: { allow: may.devices } },
      { path: '/shift', name: 'shift', component: () => import('@/views/HandoverView.vue'), meta: { allow: may.handovers } },
      { path: '/shift/:id', name: 'sheet', component: () => import('@/views/HandoverSheetView.vue'), props: true, meta: { allow: may.handovers } },
      { path: '/silences', name: 'silences', component: () => import('@/views/SilencesView.vue'), meta: { allow: may.silences } },
      { path: '/duty', name: 'duty', component: () => import('@/views/DutyView.vue'), meta: { allow: may.duty } },
      { path: '/areas', name: 'areas', component: () => import('@/views/AreasView.vue'), meta: { allow: may.areas } },
      { path: '/reports', name: 'reports', component: () => import('@/views/ReportsView.vue'), meta: { allow: may.reports } },
      { path: '/rules', name: 'rules', component: () => import('@/views/RulesView.vue'), meta: { allow: may.rules } },
      { path: '/mine', name: 'mine', component: () => import('@/views/AccountView.vue') },
      { path: '/accounts', name: 'accounts', component: () => import('@/views/AccountsView.vue'), meta: { allow: may.accounts } },
      { path: '/audit', name: 'audit', component: () => import('@/views/AuditView.vue'), meta: { allow: may.audit } },
      { path: '/deadletters', name: 'deadletters', component: () => import('@/views/DeadLettersView.vue'), meta: { allow: may.deadletters } },
      { path: '/told', name: 'told', component: () => import('@/views/ToldView.vue'), meta: { allow: may.told } },
      { path: '/told/:user', name: 'toldOther', component: () => import('@/views/ToldView.vue'), props: true, meta: { allow: may.tellOthers } },
      { path: '/outbox', name: 'outbox', component: () => import('@/views/OutboxView.vue'), meta: { allow: may.outbox } },
      { path: '/:rest(.*)*', redirect: '/' },
    ],
  })
  router.beforeEach(async (to) => {
    await session.restore()
    const caller = session.caller.value
    if (to.name === 'signin') return caller ? home(caller) : true
    if (!caller) return { name: 'signin', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
    if (caller.must_enrol && to.name !== 'mine') return { name: 'mine' }
    return to.meta.allow && !to.meta.allow(caller) ? home(caller) : true
  })
  return router
}
